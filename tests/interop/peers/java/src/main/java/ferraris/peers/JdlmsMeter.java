package ferraris.peers;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.openmuc.jdlms.AccessResultCode;
import org.openmuc.jdlms.CosemAttribute;
import org.openmuc.jdlms.CosemClass;
import org.openmuc.jdlms.CosemInterfaceObject;
import org.openmuc.jdlms.CosemMethod;
import org.openmuc.jdlms.DlmsServer;
import org.openmuc.jdlms.IllegalAttributeAccessException;
import org.openmuc.jdlms.LogicalDevice;
import org.openmuc.jdlms.ObisCode;
import org.openmuc.jdlms.SelectiveAccessDescription;
import org.openmuc.jdlms.datatypes.DataObject;

/**
 * A meter made with jDLMS: the public client (SAP 16, lowest), a reading client (SAP 2, LLS) and the management client
 * (SAP 1, HLS-GMAC in the ciphered context), and the objects of LoadProfile.
 */
final class JdlmsMeter implements AutoCloseable {
    private final DlmsServer server;
    private final int port;

    JdlmsMeter(JsonObject task) throws IOException {
        byte[] title = Lines.octets(task, "system_title");
        String manufacturer = new String(title, 0, 3, StandardCharsets.US_ASCII);
        long device = ByteBuffer.wrap(title).getLong() & 0xFF_FFFF_FFFFL;
        LogicalDevice logicalDevice = new LogicalDevice(1, manufacturer + "0000000001", manufacturer, device);
        logicalDevice.setMasterKey(new byte[16]); // required by the library; no key is transferred here
        logicalDevice.addRestriction(16, JdlmsClient.security(new JsonObject()));
        logicalDevice.addRestriction(2, JdlmsClient.security(with(task, "low", "none")));
        logicalDevice.addRestriction(1, JdlmsClient.security(with(task, "gmac", Lines.text(task, "security", "both"))));
        int rows = Lines.number(task, "rows", 96);
        logicalDevice.registerCosemObject(new Clock(rows), new Status(rows), new Profile(rows), new Disconnector());
        for (int n = 0; n < LoadProfile.REGISTERS.length; n++) {
            logicalDevice.registerCosemObject(new Register(n, rows));
        }
        port = task.has("port") ? task.get("port").getAsInt() : freePort();
        server = DlmsServer.tcpServerBuilder(port).registerLogicalDevice(logicalDevice).build();
    }

    private static JsonObject with(JsonObject task, String authentication, String security) {
        JsonObject copy = task.deepCopy();
        copy.addProperty("authentication", authentication);
        copy.addProperty("security", security);
        return copy;
    }

    private static int freePort() throws IOException {
        try (ServerSocket probe = new ServerSocket(0)) {
            return probe.getLocalPort();
        }
    }

    int port() {
        return port;
    }

    @Override
    public void close() throws IOException {
        server.close();
    }

    private static DataObject captured(int classId, String logicalName) {
        return DataObject.newStructureData(DataObject.newUInteger16Data(classId),
                DataObject.newOctetStringData(new ObisCode(logicalName).bytes()), DataObject.newInteger8Data((byte) 2),
                DataObject.newUInteger16Data(0));
    }

    private static DataObject value(int register, int row) {
        long value = LoadProfile.value(register, row);
        return register < LoadProfile.WIDE ? DataObject.newUInteger32Data(value)
                : DataObject.newUInteger16Data((int) value);
    }

    /** Clock, class 8: stands at the end of the last row until it is set. */
    @CosemClass(id = 8)
    public static final class Clock extends CosemInterfaceObject {
        @CosemAttribute(id = 2, type = DataObject.Type.OCTET_STRING)
        private DataObject time;

        Clock(int rows) {
            super(LoadProfile.CLOCK);
            time = DataObject.newOctetStringData(DateTimes.encode(LoadProfile.endMs(rows - 1)));
        }
    }

    /** Data, class 1: the status of the last row. */
    @CosemClass(id = 1)
    public static final class Status extends CosemInterfaceObject {
        @CosemAttribute(id = 2, type = DataObject.Type.UNSIGNED)
        private DataObject value;

        Status(int rows) {
            super(LoadProfile.STATUS);
            value = DataObject.newUInteger8Data((short) LoadProfile.status(rows - 1));
        }
    }

    /** Register, class 3. */
    @CosemClass(id = 3)
    public static final class Register extends CosemInterfaceObject {
        @CosemAttribute(id = 2)
        private DataObject value;

        @CosemAttribute(id = 3, type = DataObject.Type.STRUCTURE)
        private DataObject scalerUnit;

        Register(int n, int rows) {
            super(LoadProfile.REGISTERS[n]);
            value = JdlmsMeter.value(n, rows - 1);
            scalerUnit = DataObject.newStructureData(DataObject.newInteger8Data((byte) LoadProfile.SCALERS[n]),
                    DataObject.newEnumerateData(LoadProfile.UNITS[n]));
        }
    }

    /** Disconnect control, class 70. */
    @CosemClass(id = 70)
    public static final class Disconnector extends CosemInterfaceObject {
        @CosemAttribute(id = 2, type = DataObject.Type.BOOLEAN)
        private DataObject outputState = DataObject.newBoolData(true);

        @CosemAttribute(id = 3, type = DataObject.Type.ENUMERATE)
        private DataObject controlState = DataObject.newEnumerateData(1);

        @CosemAttribute(id = 4, type = DataObject.Type.ENUMERATE)
        private DataObject controlMode = DataObject.newEnumerateData(4);

        Disconnector() {
            super(LoadProfile.DISCONNECTOR);
        }

        @CosemMethod(id = 1, consumes = DataObject.Type.INTEGER)
        public void disconnect(DataObject argument) {
            outputState = DataObject.newBoolData(false);
            controlState = DataObject.newEnumerateData(0);
        }

        @CosemMethod(id = 2, consumes = DataObject.Type.INTEGER)
        public void reconnect(DataObject argument) {
            outputState = DataObject.newBoolData(true);
            controlState = DataObject.newEnumerateData(1);
        }
    }

    /** Profile generic, class 7, with selection by range (1) and by entry (2). */
    @CosemClass(id = 7, version = 1)
    public static final class Profile extends CosemInterfaceObject {
        @CosemAttribute(id = 2, type = DataObject.Type.ARRAY, selector = {1, 2})
        private DataObject buffer;

        @CosemAttribute(id = 3, type = DataObject.Type.ARRAY)
        private DataObject captureObjects;

        @CosemAttribute(id = 4, type = DataObject.Type.DOUBLE_LONG_UNSIGNED)
        private DataObject capturePeriod = DataObject.newUInteger32Data(LoadProfile.PERIOD_MS / 1000);

        @CosemAttribute(id = 7, type = DataObject.Type.DOUBLE_LONG_UNSIGNED)
        private DataObject entriesInUse;

        private final List<DataObject> rows = new ArrayList<>();

        Profile(int count) {
            super(LoadProfile.LOGICAL_NAME);
            List<DataObject> columns = new ArrayList<>(List.of(captured(8, LoadProfile.CLOCK),
                    captured(1, LoadProfile.STATUS)));
            for (String register : LoadProfile.REGISTERS) {
                columns.add(captured(3, register));
            }
            captureObjects = DataObject.newArrayData(columns);
            for (int row = 0; row < count; row++) {
                rows.add(row(row));
            }
            buffer = DataObject.newArrayData(rows);
            entriesInUse = DataObject.newUInteger32Data(count);
        }

        private static DataObject row(int row) {
            List<DataObject> cells = new ArrayList<>();
            cells.add(DataObject.newOctetStringData(DateTimes.encode(LoadProfile.endMs(row))));
            cells.add(DataObject.newUInteger8Data((short) LoadProfile.status(row)));
            for (int n = 0; n < LoadProfile.REGISTERS.length; n++) {
                cells.add(value(n, row));
            }
            return DataObject.newStructureData(cells);
        }

        public DataObject getBuffer(SelectiveAccessDescription selection) throws IllegalAttributeAccessException {
            if (selection == null) {
                return buffer;
            }
            List<DataObject> fields = selection.getAccessParameter().getValue();
            int first;
            int last;
            if (selection.getAccessSelector() == 2) {
                first = fields.get(0).<Number>getValue().intValue();
                last = fields.get(1).<Number>getValue().intValue();
            } else {
                first = 1 + rowsBefore(DateTimes.epochMs(fields.get(1).getValue()));
                last = rowsBefore(DateTimes.epochMs(fields.get(2).getValue()) + 1);
            }
            last = last == 0 && selection.getAccessSelector() == 2 ? rows.size() : Math.min(last, rows.size());
            if (first < 1) {
                throw new IllegalAttributeAccessException(AccessResultCode.OTHER_REASON);
            }
            return DataObject.newArrayData(first > last ? List.of() : rows.subList(first - 1, last));
        }

        public void setBuffer(DataObject value, SelectiveAccessDescription selection)
                throws IllegalAttributeAccessException {
            throw new IllegalAttributeAccessException(AccessResultCode.READ_WRITE_DENIED);
        }

        private int rowsBefore(long timeMs) {
            int count = 0;
            while (count < rows.size() && LoadProfile.endMs(count) < timeMs) {
                count++;
            }
            return count;
        }
    }
}
