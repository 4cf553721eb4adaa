package ferraris.peers;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import gurux.dlms.GXByteBuffer;
import gurux.dlms.GXDLMSClient;
import gurux.dlms.GXDateTime;
import gurux.dlms.GXReplyData;
import gurux.dlms.enums.Authentication;
import gurux.dlms.enums.InterfaceType;
import gurux.dlms.objects.GXDLMSProfileGeneric;
import gurux.dlms.secure.GXDLMSSecureClient;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** Gurux at each kind of work that is measured. */
final class GuruxBench {
    /** What was decoded last: kept where the compiler cannot prove that nobody looks at it. */
    private static volatile Object decoded;

    private GuruxBench() {
    }

    static JsonObject perform(JsonObject task) throws Exception {
        Bench.Work work = switch (task.get("work").getAsString()) {
            case "profile_raw" -> rawLists(Lines.octets(task, "get_response"));
            case "profile_rows" -> typedRows(task, true);
            case "profile_rows_kept" -> typedRows(task, false);
            case "pushes" -> pushes(task);
            case "associations" -> associations(task);
            case "image_blocks" -> imageBlocks(task);
            default -> throw new IllegalArgumentException("no such work");
        };
        return Bench.repeat(work, task.get("seconds").getAsDouble());
    }

    /** The get-response to a list of lists. */
    private static Bench.Work rawLists(byte[] getResponse) {
        GXDLMSSecureClient client = plainClient();
        return () -> {
            List<?> rows = (List<?>) valueIn(client, getResponse);
            decoded = rows;
            return (long) rows.size() * ((List<?>) rows.get(0)).size();
        };
    }

    private static GXDLMSSecureClient plainClient() {
        return new GXDLMSSecureClient(true, 1, 1, Authentication.NONE, null, InterfaceType.PDU);
    }

    private static Object valueIn(GXDLMSSecureClient client, byte[] getResponse) throws Exception {
        GXReplyData reply = new GXReplyData();
        client.getData(new GXByteBuffer(getResponse), reply, new GXReplyData());
        return reply.getValue();
    }

    /** Typed rows; without `fresh` the object keeps the rows of every read, as it does unless it is told otherwise. */
    private static Bench.Work typedRows(JsonObject task, boolean fresh) {
        byte[] getResponse = Lines.octets(task, "get_response");
        GXDLMSSecureClient client = plainClient();
        GXDLMSProfileGeneric profile = new GXDLMSProfileGeneric(LoadProfile.LOGICAL_NAME);
        client.updateValue(profile, 3,
                GXDLMSClient.getValue(new GXByteBuffer(Lines.octets(task, "capture_objects"))));
        return () -> {
            if (fresh) {
                profile.clearBuffer();
            }
            int before = profile.getBuffer().length;
            client.updateValue(profile, 2, valueIn(client, getResponse));
            Object[] rows = profile.getBuffer();
            decoded = rows;
            if (!(((Object[]) rows[rows.length - 1])[0] instanceof GXDateTime)) {
                throw new IllegalStateException("the clock column did not become date-times");
            }
            return (long) (rows.length - before) * ((Object[]) rows[0]).length;
        };
    }

    /** Bare general-glo-ciphering APDUs, tag verified, body decoded to a list of values. */
    private static Bench.Work pushes(JsonObject task) {
        List<byte[]> pushes = new ArrayList<>();
        for (String line : task.get("pushes").getAsString().split(" ")) {
            pushes.add(HexFormat.of().parseHex(line));
        }
        GXDLMSSecureClient client = new GXDLMSSecureClient(true, 1, 1, Authentication.NONE, null, InterfaceType.PDU);
        client.getCiphering().setSystemTitle(Lines.octets(task, "system_title"));
        client.getCiphering().setBlockCipherKey(Lines.octets(task, "encryption_key"));
        client.getCiphering().setAuthenticationKey(Lines.octets(task, "authentication_key"));
        client.getCiphering().setSecurity(gurux.dlms.enums.Security.AUTHENTICATION_ENCRYPTION);
        return () -> {
            for (byte[] push : pushes) {
                GXReplyData reply = new GXReplyData();
                GXReplyData notify = new GXReplyData();
                client.getData(new GXByteBuffer(push), reply, notify);
                decoded = reply;
                Object value = notify.getValue() != null ? notify.getValue() : reply.getValue();
                if (((List<?>) value).size() != 20) {
                    throw new IllegalStateException("a push did not decode to 20 values");
                }
            }
            return pushes.size();
        };
    }

    /** General blocks put together, the octet-string in the get-response taken. */
    private static Bench.Work imageBlocks(JsonObject task) {
        List<byte[]> blocks = new ArrayList<>();
        for (String block : task.get("image_blocks").getAsString().split(" ")) {
            blocks.add(HexFormat.of().parseHex(block));
        }
        GXDLMSSecureClient client = new GXDLMSSecureClient(true, 1, 1, Authentication.NONE, null, InterfaceType.PDU);
        client.setGbtWindowSize((byte) 63);
        return () -> {
            GXReplyData reply = new GXReplyData();
            for (byte[] block : blocks) {
                client.getData(new GXByteBuffer(block), reply, new GXReplyData());
            }
            decoded = reply.getValue();
            if (((byte[]) decoded).length != 64 * 1024) {
                throw new IllegalStateException("the image is not whole");
            }
            return 1;
        };
    }

    /** The whole of it: connect, AARQ, HLS-GMAC, read the load profile, RLRQ. */
    private static Bench.Work associations(JsonObject task) {
        long[] counter = {task.get("invocation_counter").getAsLong()};
        int rows = task.get("rows").getAsInt();
        JsonArray operations = new JsonArray();
        task.add("operations", operations);
        return () -> {
            task.addProperty("invocation_counter", counter[0]);
            counter[0] += 16;
            try (GuruxClient association = new GuruxClient(task)) {
                association.associate();
                List<?> buffer = (List<?>) association.get(7, LoadProfile.LOGICAL_NAME, 2);
                if (buffer.size() != rows) {
                    throw new IllegalStateException("expected " + rows + " rows, got " + buffer.size());
                }
                association.release();
            }
            return 1;
        };
    }
}
