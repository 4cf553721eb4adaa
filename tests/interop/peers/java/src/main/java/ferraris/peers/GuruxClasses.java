package ferraris.peers;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import gurux.dlms.GXDLMSClient;
import gurux.dlms.enums.ObjectType;
import gurux.dlms.objects.GXDLMSObject;
import gurux.dlms.objects.IGXDLMSBase;

/** What Gurux says of interface classes: how many attributes and methods an object has, and the types of attributes. */
final class GuruxClasses {
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

    private static JsonElement described(int classId, int version) {
        ObjectType type = ObjectType.forValue(classId);
        GXDLMSObject object = type == null ? null : GXDLMSClient.createObject(type);
        // Where Gurux knows a number only, it makes an object without attributes.
        if (!(object instanceof IGXDLMSBase) || object.getClass() == GXDLMSObject.class) {
            return JsonNull.INSTANCE;
        }
        object.setVersion(version);
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
