package ferraris.peers;

import com.google.gson.JsonObject;
import java.io.ByteArrayInputStream;
import java.util.List;
import org.openmuc.jdlms.DlmsConnection;
import org.openmuc.jdlms.AttributeAddress;
import org.openmuc.jdlms.datatypes.DataObject;
import org.openmuc.jdlms.internal.DataConverter;
import org.openmuc.jdlms.internal.asn1.cosem.COSEMpdu;
import org.openmuc.jdlms.internal.asn1.cosem.Data;

/** jDLMS at the kinds of work that it has: profiles and whole associations. It opens no general-glo push. */
final class JdlmsBench {
    /** What was decoded last: kept where the compiler cannot prove that nobody looks at it. */
    private static volatile Object decoded;

    private JdlmsBench() {
    }

    static JsonObject perform(JsonObject task) throws Exception {
        Bench.Work work = switch (task.get("work").getAsString()) {
            case "profile_raw" -> lists(Lines.octets(task, "get_response"));
            case "associations" -> associations(task);
            default -> throw new IllegalArgumentException("no such work");
        };
        return Bench.repeat(work, task.get("seconds").getAsDouble());
    }

    /** The get-response to a list of lists. */
    private static Bench.Work lists(byte[] getResponse) {
        return () -> {
            COSEMpdu pdu = new COSEMpdu();
            pdu.decode(new ByteArrayInputStream(getResponse));
            Data data = pdu.getResponse.getResponseNormal.result.data;
            List<DataObject> rows = DataConverter.convertDataToDataObject(data).getValue();
            decoded = rows;
            return (long) rows.size() * rows.get(0).<List<DataObject>>getValue().size();
        };
    }

    /** The whole of it: connect, AARQ, HLS-GMAC, read the load profile, RLRQ. */
    private static Bench.Work associations(JsonObject task) {
        long[] counter = {task.get("invocation_counter").getAsLong()};
        int rows = task.get("rows").getAsInt();
        return () -> {
            task.addProperty("invocation_counter", counter[0]);
            counter[0] += 16;
            DlmsConnection connection = JdlmsClient.connect(task);
            try {
                List<DataObject> buffer = connection.get(new AttributeAddress(7, LoadProfile.LOGICAL_NAME, 2))
                        .getResultData().getValue();
                if (buffer.size() != rows) {
                    throw new IllegalStateException("expected " + rows + " rows, got " + buffer.size());
                }
            } finally {
                connection.disconnect();
            }
            return 1;
        };
    }
}
