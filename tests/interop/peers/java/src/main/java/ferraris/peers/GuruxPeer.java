package ferraris.peers;

import com.google.gson.JsonObject;
import java.util.HashMap;
import java.util.Map;

/** Gurux as client, as meter and as something to measure ourselves against. */
public final class GuruxPeer {
    private static final Map<Integer, GuruxListener> LISTENERS = new HashMap<>();

    private GuruxPeer() {
    }

    public static void main(String[] arguments) throws Exception {
        Lines.serve(GuruxPeer::perform);
    }

    private static JsonObject perform(JsonObject task) throws Exception {
        JsonObject answer = new JsonObject();
        switch (task.get("do").getAsString()) {
            case "client" -> {
                return GuruxClient.perform(task);
            }
            case "meter" -> {
                GuruxListener listener = new GuruxListener(task);
                LISTENERS.put(listener.port(), listener);
                answer.addProperty("port", listener.port());
            }
            case "stop" -> {
                LISTENERS.remove(task.get("port").getAsInt()).close();
                answer.addProperty("stopped", true);
            }
            case "compact_data" -> {
                return GuruxCompactData.perform(task);
            }
            case "push" -> {
                return GuruxPush.perform(task);
            }
            case "measure" -> {
                return GuruxBench.perform(task);
            }
            case "write back" -> {
                return GuruxClasses.writeBack(task);
            }
            case "classes" -> {
                return GuruxClasses.perform(task);
            }
            default -> answer.addProperty("error", "no such task");
        }
        return answer;
    }
}
