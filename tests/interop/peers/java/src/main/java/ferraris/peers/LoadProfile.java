package ferraris.peers;

/** The load profile that every foreign meter serves: row n follows from n alone, so a reader can check each value. */
final class LoadProfile {
    static final long FIRST_MS = 1_767_225_600_000L; // 2026-01-01 00:00:00 UTC
    static final long PERIOD_MS = 900_000L;
    static final String LOGICAL_NAME = "1.0.99.1.0.255";
    static final String CLOCK = "0.0.1.0.0.255";
    static final String STATUS = "0.0.96.10.2.255";
    static final String DISCONNECTOR = "0.0.96.3.10.255";

    /** Registers in column order, after clock and status. */
    static final String[] REGISTERS = {
        "1.0.1.8.0.255", "1.0.2.8.0.255", "1.0.3.8.0.255", "1.0.4.8.0.255", "1.0.32.7.0.255", "1.0.52.7.0.255",
    };
    /** Units of the registers (30 Wh, 32 varh, 35 V) and scalers. */
    static final int[] UNITS = {30, 30, 32, 32, 35, 35};
    static final int[] SCALERS = {0, 0, 0, 0, -1, -1};
    /** How many of the registers are double-long-unsigned; the others are long-unsigned. */
    static final int WIDE = 4;

    private LoadProfile() {
    }

    static long endMs(int row) {
        return FIRST_MS + (row + 1) * PERIOD_MS;
    }

    static int status(int row) {
        return row * 7 % 256;
    }

    static long value(int register, int row) {
        return switch (register) {
            case 0 -> 1_000_000L + 25L * row;
            case 1 -> 2_000L + 3L * row;
            case 2 -> 300_000L + 5L * row;
            case 3 -> 40_000L + 7L * row;
            case 4 -> 2_300L + row % 50;
            default -> 2_310L + row % 40;
        };
    }
}
