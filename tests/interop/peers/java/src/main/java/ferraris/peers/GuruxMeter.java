package ferraris.peers;

import com.google.gson.JsonObject;
import gurux.dlms.GXDLMSClient;
import gurux.dlms.GXDLMSConnectionEventArgs;
import gurux.dlms.GXDateTime;
import gurux.dlms.ValueEventArgs;
import gurux.dlms.enums.AccessMode;
import gurux.dlms.enums.Authentication;
import gurux.dlms.enums.Conformance;
import gurux.dlms.enums.DataType;
import gurux.dlms.enums.InterfaceType;
import gurux.dlms.enums.MethodAccessMode;
import gurux.dlms.enums.ObjectType;
import gurux.dlms.enums.SourceDiagnostic;
import gurux.dlms.enums.Unit;
import gurux.dlms.objects.GXDLMSAssociationLogicalName;
import gurux.dlms.objects.GXDLMSAssociationShortName;
import gurux.dlms.objects.GXDLMSClock;
import gurux.dlms.objects.GXDLMSData;
import gurux.dlms.objects.GXDLMSDisconnectControl;
import gurux.dlms.objects.GXDLMSImageTransfer;
import gurux.dlms.objects.GXDLMSObject;
import gurux.dlms.objects.GXDLMSProfileGeneric;
import gurux.dlms.objects.GXDLMSRegister;
import gurux.dlms.objects.GXDLMSSecuritySetup;
import gurux.dlms.objects.GXDLMSTcpUdpSetup;
import gurux.dlms.objects.enums.ApplicationContextName;
import gurux.dlms.objects.enums.ControlState;
import gurux.dlms.secure.GXDLMSSecureServer2;
import java.util.Arrays;
import java.util.Date;

/**
 * A meter made with Gurux: associations for the public client (SAP 16, lowest), a reading client (SAP 2, LLS) and the
 * management client (SAP 1, HLS-GMAC in the ciphered context), and the objects of LoadProfile.
 */
final class GuruxMeter extends GXDLMSSecureServer2 {
    private final int pduSize;

    private final byte[] secret;

    private final GuruxImage image = new GuruxImage();

    private GuruxMeter(JsonObject task, GXDLMSAssociationLogicalName association) {
        super(association, Lines.truth(task, "hdlc") ? InterfaceType.HDLC : InterfaceType.WRAPPER);
        pduSize = Lines.number(task, "pdu_size", 1024);
        secret = Lines.octets(task, "secret");
        addAssociations(task);
        equip(task);
    }

    /** By short names there is one association for whoever comes. */
    private GuruxMeter(JsonObject task, GXDLMSAssociationShortName association) {
        super(association, new GXDLMSTcpUdpSetup());
        pduSize = Lines.number(task, "pdu_size", 1024);
        secret = Lines.octets(task, "secret");
        association.setSecret(secret);
        equip(task);
    }

    static GuruxMeter of(JsonObject task) {
        return Lines.truth(task, "short_names") ? new GuruxMeter(task, new GXDLMSAssociationShortName())
                : new GuruxMeter(task, new GXDLMSAssociationLogicalName("0.0.40.0.1.255"));
    }

    private void equip(JsonObject task) {
        setMaxReceivePDUSize(pduSize);
        if (Lines.truth(task, "general_blocks")) {
            getConformance().add(Conformance.GENERAL_BLOCK_TRANSFER);
        }
        getCiphering().setSystemTitle(Lines.octets(task, "system_title"));
        GuruxSecurity.equip(getCiphering(), task);
        getCiphering().setBlockCipherKey(Lines.octets(task, "encryption_key"));
        getCiphering().setAuthenticationKey(Lines.octets(task, "authentication_key"));
        getCiphering().setInvocationCounter(Lines.number(task, "invocation_counter", 1));
        int rows = Lines.number(task, "rows", 96);
        addMeasurements(rows);
        if (task.has("image_block_size")) {
            getItems().add(GuruxImage.object(Lines.number(task, "image_block_size", 0)));
        }
        initialize();
        // Only now: a period known to initialize() would start a thread that captures rows of its own.
        ((GXDLMSProfileGeneric) getItems().findByLN(ObjectType.PROFILE_GENERIC, LoadProfile.LOGICAL_NAME))
                .setCapturePeriod(LoadProfile.PERIOD_MS / 1000);
    }

    private void addMeasurements(int rows) {
        GXDLMSClock clock = new GXDLMSClock(LoadProfile.CLOCK);
        clock.setTime(new GXDateTime(new Date(LoadProfile.endMs(rows - 1))));
        getItems().add(clock);
        GXDLMSData status = new GXDLMSData(LoadProfile.STATUS);
        status.setDataType(2, DataType.UINT8);
        status.setValue((short) LoadProfile.status(rows - 1));
        getItems().add(status);
        GXDLMSProfileGeneric profile = new GXDLMSProfileGeneric(LoadProfile.LOGICAL_NAME);
        profile.addCaptureObject(clock, 2, 0);
        profile.addCaptureObject(status, 2, 0);
        for (int n = 0; n < LoadProfile.REGISTERS.length; n++) {
            GXDLMSRegister register = new GXDLMSRegister(LoadProfile.REGISTERS[n]);
            register.setDataType(2, n < LoadProfile.WIDE ? DataType.UINT32 : DataType.UINT16);
            register.setScaler(Math.pow(10, LoadProfile.SCALERS[n]));
            register.setUnit(Unit.forValue(LoadProfile.UNITS[n]));
            register.setValue(LoadProfile.value(n, rows - 1));
            getItems().add(register);
            profile.addCaptureObject(register, 2, 0);
        }
        for (int row = 0; row < rows; row++) {
            profile.addRow(row(row));
        }
        profile.setEntriesInUse(rows);
        profile.setProfileEntries(rows);
        profile.setSortObject(clock);
        getItems().add(profile);
        GXDLMSDisconnectControl disconnector = new GXDLMSDisconnectControl(LoadProfile.DISCONNECTOR);
        disconnector.setOutputState(true);
        disconnector.setControlState(ControlState.CONNECTED);
        getItems().add(disconnector);
    }

    private static Object[] row(int row) {
        Object[] cells = new Object[2 + LoadProfile.REGISTERS.length];
        cells[0] = new GXDateTime(new Date(LoadProfile.endMs(row)));
        cells[1] = (short) LoadProfile.status(row);
        for (int n = 0; n < LoadProfile.REGISTERS.length; n++) {
            cells[2 + n] = LoadProfile.value(n, row);
        }
        return cells;
    }

    private void addAssociations(JsonObject task) {
        GXDLMSAssociationLogicalName open = (GXDLMSAssociationLogicalName) getItems()
                .findByLN(ObjectType.ASSOCIATION_LOGICAL_NAME, "0.0.40.0.1.255");
        allow(open, 16, Authentication.NONE);
        GXDLMSAssociationLogicalName reading = new GXDLMSAssociationLogicalName("0.0.40.0.2.255");
        allow(reading, 2, Authentication.LOW);
        reading.setSecret(Lines.octets(task, "secret"));
        getItems().add(reading);
        GXDLMSAssociationLogicalName management = new GXDLMSAssociationLogicalName("0.0.40.0.3.255");
        allow(management, 1, GuruxSecurity.authentication(Lines.text(task, "authentication", "gmac")));
        management.setSecret(Lines.octets(task, "secret"));
        if (!Lines.truth(task, "plain_context")) {
            management.getApplicationContextName().setContextId(ApplicationContextName.LOGICAL_NAME_WITH_CIPHERING);
        }
        GXDLMSSecuritySetup security = new GXDLMSSecuritySetup("0.0.43.0.3.255");
        security.setServerSystemTitle(getCiphering().getSystemTitle());
        security.setSecuritySuite(GuruxSecurity.suite(task));
        security.setGuek(Lines.octets(task, "encryption_key"));
        security.setGak(Lines.octets(task, "authentication_key"));
        management.setSecuritySetupReference(security.getLogicalName());
        getItems().add(security);
        getItems().add(management);
    }

    private void allow(GXDLMSAssociationLogicalName association, int clientSap, Authentication authentication) {
        association.setClientSAP(clientSap);
        association.getXDLMSContextInfo().setMaxReceivePduSize(pduSize);
        association.getXDLMSContextInfo().setMaxSendPduSize(pduSize);
        association.getAuthenticationMechanismName().setMechanismId(authentication);
        association.getXDLMSContextInfo().getConformance().addAll(GXDLMSClient.getInitialConformance(true));
        association.getXDLMSContextInfo().getConformance().add(Conformance.GENERAL_PROTECTION);
    }

    private GXDLMSAssociationLogicalName associationOf(int clientSap) {
        for (GXDLMSObject object : getItems().getObjects(ObjectType.ASSOCIATION_LOGICAL_NAME)) {
            GXDLMSAssociationLogicalName association = (GXDLMSAssociationLogicalName) object;
            if (association.getClientSAP() == clientSap) {
                return association;
            }
        }
        return null;
    }

    @Override
    protected boolean isTarget(int serverAddress, int clientAddress) {
        if (!getUseLogicalNameReferencing()) {
            return serverAddress == 1;
        }
        setAssignedAssociation(associationOf(clientAddress));
        return getAssignedAssociation() != null && serverAddress == 1;
    }

    @Override
    protected SourceDiagnostic onValidateAuthentication(Authentication authentication, byte[] given) {
        if (authentication == Authentication.LOW && !Arrays.equals(given, secret)) {
            return SourceDiagnostic.AUTHENTICATION_FAILURE;
        }
        return SourceDiagnostic.NONE;
    }

    @Override
    protected GXDLMSObject onFindObject(ObjectType type, int shortName, String logicalName) {
        boolean current = type == ObjectType.ASSOCIATION_LOGICAL_NAME && "0.0.40.0.0.255".equals(logicalName);
        return current ? getAssignedAssociation() : null;
    }

    @Override
    protected AccessMode onGetAttributeAccess(ValueEventArgs access) {
        boolean managing = GuruxSecurity.isHigh(access.getSettings().getAuthentication());
        return managing ? AccessMode.READ_WRITE : AccessMode.READ;
    }

    @Override
    protected MethodAccessMode onGetMethodAccess(ValueEventArgs access) {
        boolean managing = GuruxSecurity.isHigh(access.getSettings().getAuthentication());
        return managing || !getUseLogicalNameReferencing() ? MethodAccessMode.ACCESS : MethodAccessMode.NO_ACCESS;
    }

    @Override
    protected void onPreAction(ValueEventArgs[] actions) throws Exception {
        for (ValueEventArgs action : actions) {
            if (action.getTarget() instanceof GXDLMSImageTransfer object) {
                image.act(object, action);
            }
            if (action.getTarget() instanceof GXDLMSDisconnectControl control) {
                boolean on = action.getIndex() == 2;
                control.setOutputState(on);
                control.setControlState(on ? ControlState.CONNECTED : ControlState.DISCONNECTED);
                action.setHandled(true);
            }
        }
    }

    @Override
    public void onPreGet(ValueEventArgs[] values) {
        // A captured value is whatever the object holds.
    }

    @Override
    public void onPostGet(ValueEventArgs[] values) {
        // Nothing follows a capture.
    }

    @Override
    public void onPreRead(ValueEventArgs[] values) {
        // Every value lies in its object already.
    }

    @Override
    public void onPostRead(ValueEventArgs[] values) {
        // Nothing follows a read.
    }

    @Override
    protected void onPreWrite(ValueEventArgs[] values) {
        // The library stores what is written.
    }

    @Override
    protected void onPostWrite(ValueEventArgs[] values) {
        // Nothing follows a write.
    }

    @Override
    protected void onPostAction(ValueEventArgs[] values) {
        // Nothing follows a method.
    }

    @Override
    protected void onConnected(GXDLMSConnectionEventArgs connection) {
        // The listener knows its connections.
    }

    @Override
    protected void onInvalidConnection(GXDLMSConnectionEventArgs connection) {
        System.err.println("refused a connection");
    }

    @Override
    protected void onDisconnected(GXDLMSConnectionEventArgs connection) {
        // The listener knows its connections.
    }
}
