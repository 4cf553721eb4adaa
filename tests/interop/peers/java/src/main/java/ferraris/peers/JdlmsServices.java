package ferraris.peers;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import java.io.IOException;
import org.openmuc.jdlms.AttributeAddress;
import org.openmuc.jdlms.DlmsConnection;
import org.openmuc.jdlms.MethodParameter;
import org.openmuc.jdlms.MethodResult;
import org.openmuc.jdlms.SetParameter;
import org.openmuc.jdlms.datatypes.DataObject;

/** Writes and invocations of a jDLMS client: an octet-string of any length up to an object, and what comes back. */
final class JdlmsServices {
    private JdlmsServices() {
    }

    static JsonElement perform(DlmsConnection connection, String name, JsonArray operation) throws IOException {
        int classId = operation.get(1).getAsInt();
        String logicalName = operation.get(2).getAsString();
        int index = operation.get(3).getAsInt();
        byte[] octets = new byte[operation.get(4).getAsInt()];
        for (int place = 0; place < octets.length; place++) {
            octets[place] = (byte) place;
        }
        DataObject value = DataObject.newOctetStringData(octets);
        if (name.equals("set_octets")) {
            AttributeAddress address = new AttributeAddress(classId, logicalName, index);
            return Lines.element(connection.set(new SetParameter(address, value)).getCode());
        }
        MethodResult result = connection.action(new MethodParameter(classId, logicalName, index, value));
        byte[] returned = result.getResultData().getValue();
        return Lines.element(returned);
    }
}
