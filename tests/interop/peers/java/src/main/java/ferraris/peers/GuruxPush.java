package ferraris.peers;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import gurux.dlms.GXByteBuffer;
import gurux.dlms.GXReplyData;
import gurux.dlms.enums.Authentication;
import gurux.dlms.enums.Conformance;
import gurux.dlms.enums.DataType;
import gurux.dlms.enums.InterfaceType;
import gurux.dlms.enums.Security;
import gurux.dlms.secure.GXCiphering;
import gurux.dlms.secure.GXDLMSSecureClient;
import gurux.dlms.secure.GXDLMSSecureNotify;
import java.util.Date;

/** Data-notifications in the TCP wrapper with Gurux: opened as a head-end does, and made as a meter does. */
final class GuruxPush {
    private GuruxPush() {
    }

    static JsonObject perform(JsonObject task) throws Exception {
        return task.has("push") ? opened(task) : made(task);
    }

    private static void equip(GXCiphering ciphering, JsonObject task) {
        ciphering.setSystemTitle(Lines.octets(task, "system_title"));
        ciphering.setBlockCipherKey(Lines.octets(task, "encryption_key"));
        ciphering.setAuthenticationKey(Lines.octets(task, "authentication_key"));
        ciphering.setSecurity(Security.AUTHENTICATION_ENCRYPTION);
        ciphering.setInvocationCounter(Lines.number(task, "invocation_counter", 1));
    }

    private static JsonObject opened(JsonObject task) throws Exception {
        GXDLMSSecureClient client = new GXDLMSSecureClient(true, 1, 1, Authentication.NONE, null, InterfaceType.WRAPPER);
        equip(client.getCiphering(), task);
        GXReplyData reply = new GXReplyData();
        GXReplyData notification = new GXReplyData();
        GXByteBuffer received = new GXByteBuffer(Lines.octets(task, "push"));
        while (received.available() != 0) {
            client.getData(received, reply, notification);
        }
        JsonObject answer = new JsonObject();
        answer.add("values", Lines.element(notification.getValue() != null ? notification.getValue() : reply.getValue()));
        return answer;
    }

    /** A structure of numbers, in as many blocks as the size asks for. */
    private static JsonObject made(JsonObject task) throws Exception {
        GXDLMSSecureNotify meter = new GXDLMSSecureNotify(true, 1, 1, InterfaceType.WRAPPER);
        if (Lines.truth(task, "ciphered")) {
            equip(meter.getCiphering(), task);
        }
        meter.setMaxReceivePDUSize(Lines.number(task, "pdu_size", 0xFFFF));
        meter.getConformance().add(Conformance.GENERAL_BLOCK_TRANSFER);
        JsonArray values = task.getAsJsonArray("values");
        GXByteBuffer body = new GXByteBuffer();
        body.setUInt8(DataType.STRUCTURE.getValue());
        body.setUInt8(values.size());
        for (JsonElement value : values) {
            meter.addData(value.getAsLong(), DataType.UINT32, body);
        }
        JsonArray messages = new JsonArray();
        for (byte[] message : meter.generateDataNotificationMessages(new Date(task.get("time_ms").getAsLong()), body)) {
            messages.add(Lines.element(message));
        }
        JsonObject answer = new JsonObject();
        answer.add("messages", messages);
        return answer;
    }
}
