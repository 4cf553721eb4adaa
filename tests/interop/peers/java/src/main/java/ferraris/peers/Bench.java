package ferraris.peers;

import com.google.gson.JsonObject;
import java.lang.management.ManagementFactory;

/** Repeats one kind of work for a given time and says how often it was done, in how much time and processor time. */
final class Bench {
    /** One kind of work. */
    interface Work {
        /** Do it once; return how many units (values, pushes, associations) were done. */
        long once() throws Exception;
    }

    /** How often the clock is looked at: for work of microseconds, looking each time would count as work. */
    private static final long MOMENT_NS = 1_000_000;

    private Bench() {
    }

    static JsonObject repeat(Work work, double seconds) throws Exception {
        com.sun.management.OperatingSystemMXBean system = (com.sun.management.OperatingSystemMXBean) ManagementFactory
                .getOperatingSystemMXBean();
        long units = 0;
        long startCpu = system.getProcessCpuTime();
        long start = System.nanoTime();
        long end = start + (long) (seconds * 1e9);
        long now = start;
        long times = 0;
        long atOnce = 1;
        while (now < end) {
            for (long i = 0; i < atOnce; i++) {
                units += work.once();
            }
            times += atOnce;
            now = System.nanoTime();
            atOnce = times * MOMENT_NS / (now - start + 1) + 1;
        }
        JsonObject answer = new JsonObject();
        answer.addProperty("units", units);
        answer.addProperty("seconds", (now - start) / 1e9);
        answer.addProperty("cpu_seconds", (system.getProcessCpuTime() - startCpu) / 1e9);
        return answer;
    }
}
