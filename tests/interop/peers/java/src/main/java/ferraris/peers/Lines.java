package ferraris.peers;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * The line protocol of every peer: one JSON object a line on standard input is one task, one JSON object a line on
 * standard output is its answer. Octet-strings are lower-case hexadecimal, moments are milliseconds since 1970 UTC.
 */
final class Lines {
    private static final Gson GSON = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();

    /** Carries out one task. */
    interface Worker {
        JsonObject perform(JsonObject task) throws Exception;
    }

    private Lines() {
    }

    /** Serve tasks until standard input ends. What the libraries print goes to standard error. */
    static void serve(Worker worker) throws Exception {
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        BufferedReader tasks = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = tasks.readLine(); line != null; line = tasks.readLine()) {
            JsonObject answer;
            try {
                answer = worker.perform(JsonParser.parseString(line).getAsJsonObject());
            } catch (Exception | Error error) {
                answer = new JsonObject();
                answer.addProperty("error", describe(error));
            }
            answers.println(GSON.toJson(answer));
        }
        System.exit(0);
    }

    static String describe(Throwable error) {
        StackTraceElement[] trace = error.getStackTrace();
        String place = trace.length == 0 ? "" : " at " + trace[0];
        return error.getClass().getSimpleName() + ": " + error.getMessage() + place;
    }

    static JsonObject succeeded(JsonElement value) {
        JsonObject result = new JsonObject();
        result.addProperty("ok", true);
        result.add("value", value);
        return result;
    }

    static JsonObject failed(String error) {
        JsonObject result = new JsonObject();
        result.addProperty("ok", false);
        result.addProperty("error", error);
        return result;
    }

    static JsonArray array(Object... items) {
        JsonArray array = new JsonArray();
        for (Object item : items) {
            array.add(element(item));
        }
        return array;
    }

    /** Whole numbers, text, truth values and lists of them; octets become hexadecimal. */
    static JsonElement element(Object value) {
        if (value instanceof JsonElement json) {
            return json;
        }
        if (value instanceof byte[] octets) {
            return new JsonPrimitive(HexFormat.of().formatHex(octets));
        }
        if (value instanceof Number number) {
            return new JsonPrimitive(number);
        }
        if (value instanceof Boolean truth) {
            return new JsonPrimitive(truth);
        }
        if (value instanceof Object[] items) {
            return array(items);
        }
        if (value instanceof List<?> items) {
            return array(items.toArray());
        }
        return value == null ? com.google.gson.JsonNull.INSTANCE : new JsonPrimitive(value.toString());
    }

    static byte[] octets(JsonObject task, String name) {
        return task.has(name) ? HexFormat.of().parseHex(task.get(name).getAsString()) : null;
    }

    static int number(JsonObject task, String name, int otherwise) {
        return task.has(name) ? task.get(name).getAsInt() : otherwise;
    }

    static String text(JsonObject task, String name, String otherwise) {
        return task.has(name) ? task.get(name).getAsString() : otherwise;
    }

    static boolean truth(JsonObject task, String name) {
        return task.has(name) && task.get(name).getAsBoolean();
    }

    static List<JsonArray> operations(JsonObject task) {
        List<JsonArray> operations = new ArrayList<>();
        for (JsonElement operation : task.getAsJsonArray("operations")) {
            operations.add(operation.getAsJsonArray());
        }
        return operations;
    }
}
