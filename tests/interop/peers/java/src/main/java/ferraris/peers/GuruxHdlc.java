package ferraris.peers;

import com.google.gson.JsonObject;
import gurux.dlms.GXDLMSClient;
import gurux.dlms.GXHdlcSettings;
import gurux.dlms.GXReplyData;
import gurux.dlms.enums.InterfaceType;

/** What HDLC asks of a Gurux client besides: addresses, the sizes that SNRM proposes, connecting and disconnecting. */
final class GuruxHdlc {
    private GuruxHdlc() {
    }

    static void configure(GXDLMSClient client, JsonObject task) {
        if (client.getInterfaceType() != InterfaceType.HDLC) {
            return;
        }
        int physical = Lines.number(task, "physical", 0);
        if (physical != 0) {
            int logical = task.get("server_sap").getAsInt();
            client.setServerAddress(GXDLMSClient.getServerAddress(logical, physical, Lines.number(task, "address_size", 0)));
            client.setServerAddressSize(Lines.number(task, "address_size", 0));
        }
        GXHdlcSettings settings = client.getHdlcSettings();
        settings.setMaxInfoTX(Lines.number(task, "information", 128));
        settings.setMaxInfoRX(Lines.number(task, "information", 128));
        settings.setWindowSizeTX(Lines.number(task, "window", 1));
        settings.setWindowSizeRX(Lines.number(task, "window", 1));
    }

    static void connect(GuruxClient association, GXDLMSClient client) throws Exception {
        if (client.getInterfaceType() != InterfaceType.HDLC) {
            return;
        }
        GXReplyData reply = new GXReplyData();
        association.exchange(new byte[][] {client.snrmRequest()}, reply);
        client.parseUAResponse(reply.getData());
    }

    static void disconnect(GuruxClient association, GXDLMSClient client) throws Exception {
        if (client.getInterfaceType() == InterfaceType.HDLC) {
            association.exchange(new byte[][] {client.disconnectRequest(true)}, new GXReplyData());
        }
    }
}
