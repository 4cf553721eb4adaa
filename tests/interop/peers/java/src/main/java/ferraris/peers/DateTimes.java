package ferraris.peers;

import java.nio.ByteBuffer;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.Instant;

/** The 12 octets of a date-time in UTC, to and from milliseconds since 1970. */
final class DateTimes {
    private static final int DEVIATION_UNDEFINED = -0x8000;

    private DateTimes() {
    }

    static byte[] encode(long timeMs) {
        LocalDateTime time = LocalDateTime.ofInstant(Instant.ofEpochMilli(timeMs), ZoneOffset.UTC);
        return ByteBuffer.allocate(12)
                .putShort((short) time.getYear())
                .put((byte) time.getMonthValue())
                .put((byte) time.getDayOfMonth())
                .put((byte) time.getDayOfWeek().getValue())
                .put((byte) time.getHour())
                .put((byte) time.getMinute())
                .put((byte) time.getSecond())
                .put((byte) (time.getNano() / 10_000_000))
                .putShort((short) 0)
                .put((byte) 0)
                .array();
    }

    /** Deviation is the minutes from local time to UTC. Hundredths that are not specified count as none. */
    static long epochMs(byte[] octets) {
        ByteBuffer fields = ByteBuffer.wrap(octets);
        int year = fields.getShort() & 0xFFFF;
        int month = fields.get();
        int day = fields.get();
        fields.get();
        LocalDateTime time = LocalDateTime.of(year, month, day, fields.get(), fields.get(), fields.get());
        int hundredths = fields.get() & 0xFF;
        int deviation = fields.getShort();
        long local = time.toInstant(ZoneOffset.UTC).toEpochMilli() + (hundredths == 0xFF ? 0 : hundredths * 10L);
        return deviation == DEVIATION_UNDEFINED ? local : local + deviation * 60_000L;
    }
}
