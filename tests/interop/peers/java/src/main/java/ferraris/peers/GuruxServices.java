package ferraris.peers;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import gurux.dlms.GXDLMSAccessItem;
import gurux.dlms.GXReplyData;
import gurux.dlms.enums.AccessServiceCommandType;
import gurux.dlms.enums.DataType;
import gurux.dlms.enums.ObjectType;
import gurux.dlms.objects.GXDLMSObject;
import gurux.dlms.secure.GXDLMSSecureClient;
import java.util.AbstractMap;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Writes, invocations and ACCESS of a Gurux client: an octet-string of any length up to an object, and what comes back. */
final class GuruxServices {
    private GuruxServices() {
    }

    static JsonElement perform(GuruxClient association, GXDLMSSecureClient client, String name, JsonArray operation)
            throws Exception {
        GXReplyData reply = new GXReplyData();
        if (name.equals("access")) {
            return access(association, client, operation.get(1).getAsJsonArray());
        }
        if (name.equals("set_list")) {
            return setList(association, client, operation.get(1).getAsJsonArray());
        }
        ObjectType type = ObjectType.forValue(operation.get(1).getAsInt());
        String logicalName = operation.get(2).getAsString();
        int index = operation.get(3).getAsInt();
        byte[] octets = new byte[operation.get(4).getAsInt()];
        for (int place = 0; place < octets.length; place++) {
            octets[place] = (byte) place;
        }
        if (name.equals("set_octets")) {
            association.exchange(client.write(logicalName, octets, DataType.OCTET_STRING, type, index), reply);
        } else {
            association.exchange(client.method(logicalName, type, index, octets, DataType.OCTET_STRING), reply);
        }
        return Lines.element(reply.getValue());
    }

    private static GXDLMSObject object(JsonArray descriptor) {
        GXDLMSObject object = GXDLMSSecureClient.createObject(ObjectType.forValue(descriptor.get(0).getAsInt()));
        object.setLogicalName(descriptor.get(1).getAsString());
        return object;
    }

    private static JsonElement setList(GuruxClient association, GXDLMSSecureClient client, JsonArray wanted)
            throws Exception {
        List<Map.Entry<GXDLMSObject, Integer>> attributes = new ArrayList<>();
        for (JsonElement one : wanted) {
            GXDLMSObject object = object(one.getAsJsonArray());
            client.updateValue(object, 2, new byte[] {1, 2, 3});
            attributes.add(new AbstractMap.SimpleEntry<>(object, one.getAsJsonArray().get(2).getAsInt()));
        }
        GXReplyData reply = new GXReplyData();
        association.exchange(client.writeList(attributes), reply);
        return Lines.element(reply.getValue());
    }

    private static JsonElement access(GuruxClient association, GXDLMSSecureClient client, JsonArray wanted)
            throws Exception {
        List<GXDLMSAccessItem> items = new ArrayList<>();
        for (JsonElement one : wanted) {
            JsonArray descriptor = one.getAsJsonArray();
            items.add(new GXDLMSAccessItem(AccessServiceCommandType.GET, object(descriptor),
                    (byte) descriptor.get(2).getAsInt()));
        }
        GXReplyData reply = new GXReplyData();
        association.exchange(client.accessRequest(null, items), reply);
        client.parseAccessResponse(items, reply.getData());
        JsonArray values = new JsonArray();
        for (GXDLMSAccessItem item : items) {
            values.add(Lines.array(item.getError().getValue(), item.getValue()));
        }
        return values;
    }
}
