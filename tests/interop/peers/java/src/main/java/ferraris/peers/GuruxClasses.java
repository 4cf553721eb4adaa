package ferraris.peers;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import gurux.dlms.GXByteBuffer;
import gurux.dlms.GXDLMSClient;
import gurux.dlms.enums.Authentication;
import gurux.dlms.enums.InterfaceType;
import gurux.dlms.enums.ObjectType;
import gurux.dlms.objects.GXDLMSObject;
import gurux.dlms.objects.IGXDLMSBase;
import java.util.Arrays;
import java.util.HexFormat;

/** What Gurux says of interface classes: how many attributes and methods an object has, and the types of attributes. */
final class GuruxClasses {
    /** Octets before the value in a WPDU with a SET.request: header, tag, kind, invoke-id, attribute descriptor, no selection. */
    private static final int BEFORE_VALUE = 8 + 3 + 9 + 1;
    private static final int PDU_SIZE = 60_000;

    private GuruxClasses() {
    }

    /** For each pair of class_id and version asked for: the class, or null where Gurux has no object of it. */
    static JsonObject perform(JsonObject task) {
        JsonArray classes = new JsonArray();
        for (JsonElement pair : task.getAsJsonArray("classes")) {
            JsonArray numbers = pair.getAsJsonArray();
            classes.add(described(numbers.get(0).getAsInt(), numbers.get(1).getAsInt()));
        }
        JsonObject answer = new JsonObject();
        answer.add("classes", classes);
        return answer;
    }

    /** For each value, taken as read from a meter: the octets with which Gurux would write it back, or why it cannot. */
    static JsonObject writeBack(JsonObject task) {
        JsonArray written = new JsonArray();
        for (JsonElement element : task.getAsJsonArray("values")) {
            JsonArray value = element.getAsJsonArray();
            try {
                written.add(writtenBack(value.get(0).getAsInt(), value.get(1).getAsInt(), value.get(2).getAsInt(),
                        value.get(3).getAsString()));
            } catch (Exception | Error error) {
                written.add(Lines.describe(error));
            }
        }
        JsonObject answer = new JsonObject();
        answer.add("written", written);
        return answer;
    }

    private static String writtenBack(int classId, int version, int index, String octets) throws Exception {
        GXDLMSObject object = made(classId, version);
        if (object == null || index > object.getAttributeCount()) {
            return null;
        }
        object.setLogicalName("0.0.1.0.0.255");
        GXDLMSClient client = new GXDLMSClient(true, 1, 1, Authentication.NONE, null, InterfaceType.WRAPPER);
        client.setMaxReceivePDUSize(PDU_SIZE);
        Object value = GXDLMSClient.getValue(new GXByteBuffer(HexFormat.of().parseHex(octets)));
        client.updateValue(object, index, value);
        byte[] request = client.write(object, index)[0];
        return HexFormat.of().formatHex(Arrays.copyOfRange(request, BEFORE_VALUE, request.length));
    }

    private static GXDLMSObject made(int classId, int version) {
        ObjectType type = ObjectType.forValue(classId);
        GXDLMSObject object = type == null ? null : GXDLMSClient.createObject(type);
        // Where Gurux knows a number only, it makes an object without attributes.
        if (!(object instanceof IGXDLMSBase) || object.getClass() == GXDLMSObject.class) {
            return null;
        }
        object.setVersion(version);
        return object;
    }

    private static JsonElement described(int classId, int version) {
        GXDLMSObject object = made(classId, version);
        if (object == null) {
            return JsonNull.INSTANCE;
        }
        JsonObject found = new JsonObject();
        found.addProperty("methods", object.getMethodCount());
        JsonArray types = new JsonArray();
        for (int index = 1; index <= object.getAttributeCount(); ++index) {
            types.add(typeOf(object, index));
        }
        found.add("types", types);
        return found;
    }

    /** The number of an attribute's type; 0 where it depends on the value or Gurux does not tell. */
    private static int typeOf(GXDLMSObject object, int index) {
        try {
            return object.getDataType(index).getValue();
        } catch (RuntimeException untold) {
            return 0;
        }
    }
}
