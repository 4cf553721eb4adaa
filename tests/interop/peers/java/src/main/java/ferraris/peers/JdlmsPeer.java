package ferraris.peers;

import com.google.gson.JsonObject;
import java.util.HashMap;
import java.util.Map;

/** jDLMS as client and as meter. */
public final class JdlmsPeer {
    private static final Map<Integer, JdlmsMeter> METERS = new HashMap<>();

    private JdlmsPeer() {
    }

    public static void main(String[] arguments) throws Exception {
        Lines.serve(JdlmsPeer::perform);
    }

    private static JsonObject perform(JsonObject task) throws Exception {
        JsonObject answer = new JsonObject();
        switch (task.get("do").getAsString()) {
            case "client" -> {
                return JdlmsClient.perform(task);
            }
            case "measure" -> {
                return JdlmsBench.perform(task);
            }
            case "meter" -> {
                JdlmsMeter meter = new JdlmsMeter(task);
                METERS.put(meter.port(), meter);
                answer.addProperty("port", meter.port());
            }
            case "stop" -> {
                METERS.remove(task.get("port").getAsInt()).close();
                answer.addProperty("stopped", true);
            }
            default -> answer.addProperty("error", "no such task");
        }
        return answer;
    }
}
