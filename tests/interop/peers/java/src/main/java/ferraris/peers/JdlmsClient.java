package ferraris.peers;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.openmuc.jdlms.AttributeAddress;
import org.openmuc.jdlms.AuthenticationMechanism;
import org.openmuc.jdlms.DlmsConnection;
import org.openmuc.jdlms.GetResult;
import org.openmuc.jdlms.MethodParameter;
import org.openmuc.jdlms.MethodResult;
import org.openmuc.jdlms.MethodResultCode;
import org.openmuc.jdlms.ObisCode;
import org.openmuc.jdlms.SecuritySuite;
import org.openmuc.jdlms.SecuritySuite.EncryptionMechanism;
import org.openmuc.jdlms.SecuritySuite.SecurityPolicy;
import org.openmuc.jdlms.SelectiveAccessDescription;
import org.openmuc.jdlms.SetParameter;
import org.openmuc.jdlms.AccessResultCode;
import org.openmuc.jdlms.TcpConnectionBuilder;
import org.openmuc.jdlms.datatypes.BitString;
import org.openmuc.jdlms.datatypes.CosemDateFormat;
import org.openmuc.jdlms.datatypes.DataObject;
import org.openmuc.jdlms.settings.client.ReferencingMethod;

/** One association of a jDLMS client over TCP, in the wrapper or in HDLC frames. */
final class JdlmsClient {
    private static final int TIMEOUT_MS = 10_000;

    private final DlmsConnection connection;

    private JdlmsClient(DlmsConnection connection) {
        this.connection = connection;
    }

    /** A refusal by the meter, with its data-access-result or action-result. */
    private static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1;

        RefusedException(String kind, Object result) {
            super(kind + " " + result);
        }
    }

    static SecuritySuite security(JsonObject task) {
        SecuritySuite.SecuritySuiteBuilder suite = SecuritySuite.builder();
        switch (Lines.text(task, "authentication", "none")) {
            case "low" -> suite.setAuthenticationMechanism(AuthenticationMechanism.LOW)
                    .setPassword(Lines.octets(task, "secret"));
            case "gmac" -> suite.setAuthenticationMechanism(AuthenticationMechanism.HLS5_GMAC)
                    .setAuthenticationKey(Lines.octets(task, "authentication_key"))
                    .setGlobalUnicastEncryptionKey(Lines.octets(task, "encryption_key"))
                    .setEncryptionMechanism(EncryptionMechanism.AES_GCM_128);
            default -> suite.setAuthenticationMechanism(AuthenticationMechanism.NONE);
        }
        switch (Lines.text(task, "security", "none")) {
            case "authentication" -> suite.setSecurityPolicy(SecurityPolicy.AUTHENTICATED);
            case "encryption" -> suite.setSecurityPolicy(SecurityPolicy.ENCRYPTED);
            case "both" -> suite.setSecurityPolicy(SecurityPolicy.AUTHENTICATED_AND_ENCRYPTED);
            default -> suite.setSecurityPolicy(SecurityPolicy.NOTHING);
        }
        return suite.build();
    }

    static DlmsConnection connect(JsonObject task) throws IOException {
        TcpConnectionBuilder builder = new TcpConnectionBuilder(task.get("host").getAsString())
                .setPort(task.get("port").getAsInt())
                .setClientId(task.get("client_sap").getAsInt())
                .setLogicalDeviceId(task.get("server_sap").getAsInt())
                .setResponseTimeout(TIMEOUT_MS)
                .setChallengeLength(Lines.number(task, "challenge_length", 16))
                .setSecuritySuite(security(task));
        if (Lines.truth(task, "hdlc")) {
            builder.useHdlc().setPhysicalDeviceAddress(Lines.number(task, "physical", 0));
        } else {
            builder.useWrapper();
        }
        if (Lines.truth(task, "short_names")) {
            builder.setReferencingMethod(ReferencingMethod.SHORT);
        }
        if (task.has("system_title")) {
            ByteBuffer title = ByteBuffer.wrap(Lines.octets(task, "system_title"));
            byte[] manufacturer = new byte[3];
            title.get(manufacturer);
            long device = title.getLong(0) & 0xFF_FFFF_FFFFL;
            builder.setSystemTitle(new String(manufacturer, java.nio.charset.StandardCharsets.US_ASCII), device);
            builder.setFrameCounter(Lines.number(task, "invocation_counter", 1));
        }
        return builder.build();
    }

    /** Associate, carry out the operations of `task` one after the other, release. */
    static JsonObject perform(JsonObject task) {
        JsonObject answer = new JsonObject();
        JsonArray results = new JsonArray();
        DlmsConnection connection;
        try {
            connection = connect(task);
        } catch (Exception error) {
            answer.addProperty("associated", false);
            answer.addProperty("error", Lines.describe(error));
            return answer;
        }
        answer.addProperty("associated", true);
        JdlmsClient association = new JdlmsClient(connection);
        for (JsonArray operation : Lines.operations(task)) {
            results.add(association.attempt(operation));
        }
        try {
            connection.disconnect();
            answer.addProperty("released", true);
        } catch (IOException error) {
            answer.addProperty("released", false);
            answer.addProperty("release_error", Lines.describe(error));
        }
        answer.add("results", results);
        return answer;
    }

    private JsonObject attempt(JsonArray operation) {
        try {
            return Lines.succeeded(carryOut(operation.get(0).getAsString(), operation));
        } catch (RefusedException refused) {
            return Lines.failed(refused.getMessage());
        } catch (Exception error) {
            return Lines.failed(Lines.describe(error));
        }
    }

    private JsonElement carryOut(String name, JsonArray operation) throws IOException {
        return switch (name) {
            case "objects" -> objects();
            case "get" -> plain(get(operation.get(1).getAsInt(), operation.get(2).getAsString(),
                    operation.get(3).getAsInt(), null));
            case "get_list" -> getList(operation.get(1).getAsJsonArray());
            case "set_octets", "invoke_octets" -> JdlmsServices.perform(connection, name, operation);
            case "clock" -> clock();
            case "set_clock" -> setClock(operation.get(1).getAsLong());
            case "register" -> register(operation.get(1).getAsString());
            case "disconnect" -> switchTo(operation.get(1).getAsString(), 1);
            case "reconnect" -> switchTo(operation.get(1).getAsString(), 2);
            case "profile", "profile_range", "profile_entry" -> profile(name, operation);
            default -> throw new IllegalArgumentException("no such operation: " + name);
        };
    }

    private DataObject get(int classId, String logicalName, int attribute, SelectiveAccessDescription selection)
            throws IOException {
        return value(connection.get(new AttributeAddress(classId, logicalName, attribute, selection)));
    }

    private static DataObject value(GetResult result) throws RefusedException {
        if (!result.requestSuccessful()) {
            throw new RefusedException("data-access-result", result.getResultCode().getCode());
        }
        return result.getResultData();
    }

    private JsonElement objects() throws IOException {
        List<DataObject> list = get(15, "0.0.40.0.0.255", 2, null).getValue();
        JsonArray answer = new JsonArray();
        for (DataObject element : list) {
            List<DataObject> fields = element.getValue();
            answer.add(Lines.array(number(fields.get(0)), number(fields.get(1)), name(fields.get(2))));
        }
        return answer;
    }

    private JsonElement getList(JsonArray wanted) throws IOException {
        List<AttributeAddress> addresses = new ArrayList<>();
        for (JsonElement one : wanted) {
            JsonArray descriptor = one.getAsJsonArray();
            addresses.add(new AttributeAddress(descriptor.get(0).getAsInt(), descriptor.get(1).getAsString(),
                    descriptor.get(2).getAsInt()));
        }
        JsonArray values = new JsonArray();
        for (GetResult result : connection.get(addresses)) {
            values.add(plain(value(result)));
        }
        return values;
    }

    private JsonElement clock() throws IOException {
        byte[] time = get(8, LoadProfile.CLOCK, 2, null).getValue();
        return Lines.element(DateTimes.epochMs(time));
    }

    private JsonElement setClock(long timeMs) throws IOException {
        AttributeAddress address = new AttributeAddress(8, LoadProfile.CLOCK, 2);
        DataObject time = DataObject.newOctetStringData(DateTimes.encode(timeMs));
        AccessResultCode result = connection.set(new SetParameter(address, time));
        if (result != AccessResultCode.SUCCESS) {
            throw new RefusedException("data-access-result", result.getCode());
        }
        return clock();
    }

    private JsonElement register(String logicalName) throws IOException {
        List<DataObject> scalerUnit = get(3, logicalName, 3, null).getValue();
        double scaler = Math.pow(10, number(scalerUnit.get(0)));
        JsonObject answer = new JsonObject();
        answer.addProperty("value", number(get(3, logicalName, 2, null)) * scaler);
        answer.addProperty("scaler", scaler);
        answer.addProperty("unit", number(scalerUnit.get(1)));
        return answer;
    }

    private JsonElement switchTo(String logicalName, int method) throws IOException {
        MethodResult result = connection
                .action(new MethodParameter(70, logicalName, method, DataObject.newInteger8Data((byte) 0)));
        if (result.getResultCode() != MethodResultCode.SUCCESS) {
            throw new RefusedException("action-result", result.getResultCode().getCode());
        }
        return Lines.array(get(70, logicalName, 2, null).<Object>getValue(), number(get(70, logicalName, 3, null)));
    }

    private JsonElement profile(String how, JsonArray operation) throws IOException {
        String logicalName = operation.get(1).getAsString();
        List<DataObject> captured = get(7, logicalName, 3, null).getValue();
        SelectiveAccessDescription selection = switch (how) {
            case "profile_range" -> new SelectiveAccessDescription(1, DataObject.newStructureData(captured.get(0),
                    moment(operation.get(2)), moment(operation.get(3)), DataObject.newArrayData(List.of())));
            case "profile_entry" -> new SelectiveAccessDescription(2, entries(operation.get(2).getAsInt(),
                    operation.get(3).getAsInt()));
            default -> null;
        };
        List<DataObject> buffer = get(7, logicalName, 2, selection).getValue();
        JsonArray columns = new JsonArray();
        for (DataObject column : captured) {
            List<DataObject> fields = column.getValue();
            columns.add(Lines.array(number(fields.get(0)), name(fields.get(1)), number(fields.get(2))));
        }
        JsonArray rows = new JsonArray();
        for (DataObject row : buffer) {
            rows.add(typed(row));
        }
        JsonObject answer = new JsonObject();
        answer.add("columns", columns);
        answer.add("rows", rows);
        return answer;
    }

    private static JsonArray typed(DataObject row) {
        JsonArray cells = new JsonArray();
        for (DataObject cell : row.<List<DataObject>>getValue()) {
            boolean time = cell.isByteArray() && cell.<byte[]>getValue().length == 12;
            cells.add(time ? Lines.element(DateTimes.epochMs(cell.getValue())) : plain(cell));
        }
        return cells;
    }

    private static DataObject moment(JsonElement timeMs) {
        return DataObject.newOctetStringData(DateTimes.encode(timeMs.getAsLong()));
    }

    private static DataObject entries(int first, int count) {
        return DataObject.newStructureData(DataObject.newUInteger32Data(first),
                DataObject.newUInteger32Data(first + count - 1L), DataObject.newUInteger16Data(1),
                DataObject.newUInteger16Data(0));
    }

    private static long number(DataObject value) {
        return value.<Number>getValue().longValue();
    }

    private static String name(DataObject value) {
        return new ObisCode(value.<byte[]>getValue()).asDecimalString();
    }

    /** A value of any type as JSON. */
    private static JsonElement plain(DataObject value) {
        if (value.isNull()) {
            return JsonNull.INSTANCE;
        }
        Object content = value.getValue();
        if (content instanceof List<?> items) {
            JsonArray array = new JsonArray();
            items.forEach(item -> array.add(plain((DataObject) item)));
            return array;
        }
        if (content instanceof BitString bits) {
            return Lines.element(bits.getBitString());
        }
        if (content instanceof CosemDateFormat time) {
            return Lines.element(time.encode());
        }
        return Lines.element(content);
    }
}
