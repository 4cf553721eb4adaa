package ferraris.peers;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import gurux.dlms.GXByteBuffer;
import gurux.dlms.GXDLMSException;
import gurux.dlms.GXDateTime;
import gurux.dlms.GXReplyData;
import gurux.dlms.enums.Authentication;
import gurux.dlms.enums.Conformance;
import gurux.dlms.enums.DataType;
import gurux.dlms.enums.InterfaceType;
import gurux.dlms.enums.ObjectType;
import gurux.dlms.enums.Security;
import gurux.dlms.objects.GXDLMSCaptureObject;
import gurux.dlms.objects.GXDLMSClock;
import gurux.dlms.objects.GXDLMSDisconnectControl;
import gurux.dlms.objects.GXDLMSObject;
import gurux.dlms.objects.GXDLMSProfileGeneric;
import gurux.dlms.objects.GXDLMSRegister;
import gurux.dlms.secure.GXDLMSSecureClient;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.AbstractMap;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;

/** One association of a Gurux client over TCP, in the wrapper or in HDLC frames. */
final class GuruxClient implements AutoCloseable {
    private static final int TIMEOUT_MS = 10_000;

    private final GXDLMSSecureClient client;
    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;
    private final byte[] received = new byte[65_536];

    GuruxClient(JsonObject task) throws IOException {
        client = configure(task);
        socket = new Socket(task.get("host").getAsString(), task.get("port").getAsInt());
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(Lines.number(task, "patience_ms", TIMEOUT_MS));
        in = socket.getInputStream();
        out = socket.getOutputStream();
    }

    static GXDLMSSecureClient configure(JsonObject task) {
        Authentication authentication = GuruxSecurity.authentication(Lines.text(task, "authentication", "none"));
        GXDLMSSecureClient client = new GXDLMSSecureClient(!Lines.truth(task, "short_names"), task.get("client_sap").getAsInt(),
                task.get("server_sap").getAsInt(), authentication, null,
                Lines.truth(task, "hdlc") ? InterfaceType.HDLC : InterfaceType.WRAPPER);
        GuruxHdlc.configure(client, task);
        if (task.has("secret")) {
            client.setPassword(Lines.octets(task, "secret"));
        }
        client.setMaxReceivePDUSize(Lines.number(task, "pdu_size", 0xFFFF));
        client.setUseProtectedRelease(Lines.truth(task, "protected_release"));
        if (Lines.truth(task, "general_blocks")) {
            client.getProposedConformance().add(Conformance.GENERAL_BLOCK_TRANSFER);
            client.setGbtWindowSize((byte) Lines.number(task, "window", 1));
        }
        if (Lines.truth(task, "general_protection")) {
            client.getProposedConformance().add(Conformance.GENERAL_PROTECTION);
        }
        if (task.has("system_title")) {
            client.getCiphering().setSystemTitle(Lines.octets(task, "system_title"));
            GuruxSecurity.equip(client.getCiphering(), task);
            client.getCiphering().setBlockCipherKey(Lines.octets(task, "encryption_key"));
            client.getCiphering().setAuthenticationKey(Lines.octets(task, "authentication_key"));
            client.getCiphering().setDedicatedKey(Lines.octets(task, "dedicated_key"));
            client.getCiphering().setInvocationCounter(Lines.number(task, "invocation_counter", 1));
            client.getCiphering().setSecurity(switch (Lines.text(task, "security", "none")) {
                case "authentication" -> Security.AUTHENTICATION;
                case "encryption" -> Security.ENCRYPTION;
                case "both" -> Security.AUTHENTICATION_ENCRYPTION;
                default -> Security.NONE;
            });
        }
        return client;
    }

    /** Associate, carry out the operations of `task` one after the other, release. */
    static JsonObject perform(JsonObject task) throws Exception {
        JsonObject answer = new JsonObject();
        JsonArray results = new JsonArray();
        try (GuruxClient association = new GuruxClient(task)) {
            try {
                GuruxHdlc.connect(association, association.client);
                association.associate();
            } catch (Exception error) {
                answer.addProperty("associated", false);
                answer.addProperty("error", explain(error));
                return answer;
            }
            answer.addProperty("associated", true);
            answer.addProperty("server_max_receive_pdu_size", association.client.getMaxReceivePDUSize());
            answer.add("conformance", Lines.array(association.client.getNegotiatedConformance().toArray()));
            for (JsonArray operation : Lines.operations(task)) {
                results.add(association.attempt(operation));
            }
            answer.addProperty("released", association.release());
            GuruxHdlc.disconnect(association, association.client);
            answer.addProperty("invocation_counter", association.client.getCiphering().getInvocationCounter());
        }
        answer.add("results", results);
        return answer;
    }

    private JsonObject attempt(JsonArray operation) {
        try {
            return Lines.succeeded(carryOut(operation.get(0).getAsString(), operation));
        } catch (Exception error) {
            return Lines.failed(explain(error));
        }
    }

    private static String explain(Exception error) {
        if (error instanceof GXDLMSException refused && refused.getErrorCode() != 0) {
            return "data-access-result " + refused.getErrorCode();
        }
        return Lines.describe(error);
    }

    private JsonElement carryOut(String name, JsonArray operation) throws Exception {
        return switch (name) {
            case "objects" -> objects();
            case "get" -> Lines.element(get(operation.get(1).getAsInt(), operation.get(2).getAsString(),
                    operation.get(3).getAsInt()));
            case "get_list" -> getList(operation.get(1).getAsJsonArray());
            case "set_octets", "invoke_octets", "access", "set_list" -> GuruxServices.perform(this, client, name, operation);
            case "protect" -> GuruxSecurity.protect(client.getCiphering(), operation);
            case "image" -> GuruxImage.perform(this, client, operation);
            case "clock" -> clock();
            case "set_clock" -> setClock(operation.get(1).getAsLong());
            case "register" -> register(operation.get(1).getAsString());
            case "disconnect" -> switchTo(operation.get(1).getAsString(), false);
            case "reconnect" -> switchTo(operation.get(1).getAsString(), true);
            case "profile", "profile_range", "profile_entry" -> profile(name, operation);
            default -> throw new IllegalArgumentException("no such operation: " + name);
        };
    }

    void associate() throws Exception {
        GXReplyData reply = new GXReplyData();
        exchange(client.aarqRequest(), reply);
        client.parseAareResponse(reply.getData());
        if (client.getAuthentication().getValue() > Authentication.LOW.getValue()) {
            reply.clear();
            exchange(client.getApplicationAssociationRequest(), reply);
            client.parseApplicationAssociationResponse(reply.getData());
        }
    }

    boolean release() throws Exception {
        GXReplyData reply = new GXReplyData();
        exchange(client.releaseRequest(), reply);
        return reply.getCommand() == 0x63;
    }

    Object get(int classId, String logicalName, int attribute) throws Exception {
        GXReplyData reply = new GXReplyData();
        GXDLMSObject object = GXDLMSSecureClient.createObject(ObjectType.forValue(classId));
        object.setLogicalName(logicalName);
        exchange(client.read(named(object), attribute), reply);
        return reply.getValue();
    }

    /** The object with its short name, where the meter goes by those. The meter's object list is read once. */
    private <T extends GXDLMSObject> T named(T object) throws Exception {
        if (!client.getUseLogicalNameReferencing()) {
            if (client.getObjects().isEmpty()) {
                objects();
            }
            GXDLMSObject listed = client.getObjects().findByLN(object.getObjectType(), object.getLogicalName());
            if (listed != null) {
                object.setShortName(listed.getShortName());
            }
        }
        return object;
    }

    private Object update(GXDLMSObject object, int attribute) throws Exception {
        GXReplyData reply = new GXReplyData();
        exchange(client.read(named(object), attribute), reply);
        return client.updateValue(object, attribute, reply.getValue());
    }

    private JsonElement objects() throws Exception {
        GXReplyData reply = new GXReplyData();
        exchange(client.getObjectsRequest(), reply);
        JsonArray list = new JsonArray();
        for (GXDLMSObject object : client.parseObjects(reply.getData(), true)) {
            list.add(Lines.array(object.getObjectType().getValue(), object.getVersion(), object.getLogicalName()));
        }
        return list;
    }

    private JsonElement getList(JsonArray wanted) throws Exception {
        List<Map.Entry<GXDLMSObject, Integer>> attributes = new ArrayList<>();
        for (JsonElement one : wanted) {
            JsonArray descriptor = one.getAsJsonArray();
            GXDLMSObject object = GXDLMSSecureClient.createObject(ObjectType.forValue(descriptor.get(0).getAsInt()));
            object.setLogicalName(descriptor.get(1).getAsString());
            attributes.add(new AbstractMap.SimpleEntry<>(named(object), descriptor.get(2).getAsInt()));
        }
        List<Object> values = new ArrayList<>();
        for (byte[] request : client.readList(attributes)) {
            GXReplyData reply = new GXReplyData();
            exchange(new byte[][] {request}, reply);
            if (reply.getValue() instanceof List<?> some) {
                values.addAll(some);
            }
        }
        return Lines.element(values);
    }

    private JsonElement clock() throws Exception {
        GXDLMSClock clock = new GXDLMSClock(LoadProfile.CLOCK);
        update(clock, 2);
        return Lines.element(clock.getTime().getValue().getTime());
    }

    private JsonElement setClock(long timeMs) throws Exception {
        GXDLMSClock clock = new GXDLMSClock(LoadProfile.CLOCK);
        clock.setTime(new Date(timeMs));
        exchange(client.write(named(clock), 2), new GXReplyData());
        return clock();
    }

    private JsonElement register(String logicalName) throws Exception {
        GXDLMSRegister register = new GXDLMSRegister(logicalName);
        update(register, 3);
        update(register, 2);
        JsonObject answer = new JsonObject();
        answer.add("value", Lines.element(register.getValue()));
        answer.addProperty("scaler", register.getScaler());
        answer.addProperty("unit", register.getUnit().getValue());
        return answer;
    }

    private JsonElement switchTo(String logicalName, boolean on) throws Exception {
        GXDLMSDisconnectControl control = new GXDLMSDisconnectControl(logicalName);
        byte[][] request = client.method(named(control), on ? 2 : 1, 0, DataType.INT8);
        exchange(request, new GXReplyData());
        update(control, 2);
        update(control, 3);
        return Lines.array(control.getOutputState(), control.getControlState().ordinal());
    }

    private JsonElement profile(String how, JsonArray operation) throws Exception {
        GXDLMSProfileGeneric profile = new GXDLMSProfileGeneric(operation.get(1).getAsString());
        update(profile, 3);
        byte[][] request = switch (how) {
            case "profile_range" -> client.readRowsByRange(profile, moment(operation.get(2)), moment(operation.get(3)));
            case "profile_entry" -> client.readRowsByEntry(profile, operation.get(2).getAsInt(),
                    operation.get(3).getAsInt());
            default -> client.read(profile, 2);
        };
        GXReplyData reply = new GXReplyData();
        exchange(request, reply);
        client.updateValue(profile, 2, reply.getValue());
        JsonArray columns = new JsonArray();
        for (Map.Entry<GXDLMSObject, GXDLMSCaptureObject> column : profile.getCaptureObjects()) {
            columns.add(Lines.array(column.getKey().getObjectType().getValue(), column.getKey().getLogicalName(),
                    column.getValue().getAttributeIndex()));
        }
        JsonArray rows = new JsonArray();
        for (Object row : profile.getBuffer()) {
            rows.add(plain((Object[]) row));
        }
        JsonObject answer = new JsonObject();
        answer.add("columns", columns);
        answer.add("rows", rows);
        return answer;
    }

    private static GXDateTime moment(JsonElement timeMs) {
        return new GXDateTime(new Date(timeMs.getAsLong()));
    }

    private static JsonArray plain(Object[] row) {
        JsonArray cells = new JsonArray();
        for (Object cell : row) {
            cells.add(Lines.element(cell instanceof GXDateTime time ? (Object) time.getValue().getTime() : cell));
        }
        return cells;
    }

    /** Send `requests` in turn, fetching every block of each answer. */
    void exchange(byte[][] requests, GXReplyData reply) throws Exception {
        for (byte[] request : requests) {
            reply.clear();
            roundTrip(request, reply);
            while (reply.isMoreData()) {
                roundTrip(reply.isStreaming() ? new byte[0] : client.receiverReady(reply), reply);
            }
        }
    }

    private void roundTrip(byte[] request, GXReplyData reply) throws Exception {
        out.write(request);
        out.flush();
        GXByteBuffer frame = new GXByteBuffer();
        GXReplyData notify = new GXReplyData();
        boolean complete = false;
        while (!complete) {
            int count = in.read(received);
            if (count < 0) {
                throw new IOException("the meter closed the connection");
            }
            frame.set(received, 0, count);
            frame.position(0);
            complete = client.getData(frame, reply, notify);
        }
        if (reply.getError() != 0) {
            throw new GXDLMSException(reply.getError());
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
