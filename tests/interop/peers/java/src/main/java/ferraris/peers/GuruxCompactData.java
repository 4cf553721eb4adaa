package ferraris.peers;

import com.google.gson.JsonObject;
import gurux.dlms.enums.DataType;
import gurux.dlms.objects.GXDLMSCompactData;
import gurux.dlms.objects.GXDLMSCaptureObject;
import gurux.dlms.objects.GXDLMSData;
import gurux.dlms.objects.GXDLMSObject;
import java.util.AbstractMap;

/** Compact data by Gurux: what a buffer holds by its template, and the template of three data objects. */
final class GuruxCompactData {
    private GuruxCompactData() {
    }

    static JsonObject perform(JsonObject task) {
        JsonObject answer = new JsonObject();
        answer.add("values", Lines.element(
                new GXDLMSCompactData().getValues(Lines.octets(task, "template"), Lines.octets(task, "buffer"))));
        GXDLMSCompactData compact = new GXDLMSCompactData();
        for (DataType type : new DataType[] {DataType.OCTET_STRING, DataType.UINT32, DataType.INT16}) {
            GXDLMSObject data = new GXDLMSData("1.0.96.1." + compact.getCaptureObjects().size() + ".255");
            data.setDataType(2, type);
            compact.getCaptureObjects().add(new AbstractMap.SimpleEntry<>(data, new GXDLMSCaptureObject(2, 0)));
        }
        compact.updateTemplateDescription();
        answer.add("template", Lines.element(compact.getTemplateDescription()));
        return answer;
    }
}
