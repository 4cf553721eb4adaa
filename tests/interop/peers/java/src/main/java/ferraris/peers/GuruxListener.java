package ferraris.peers;

import com.google.gson.JsonObject;
import gurux.dlms.GXServerReply;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;

/** A TCP port behind which a Gurux meter answers, a meter of its own for each connection. */
final class GuruxListener implements AutoCloseable {
    private static final int TIMEOUT_MS = 30_000;

    private final ServerSocket listening;
    private final JsonObject task;

    GuruxListener(JsonObject task) throws IOException {
        this.task = task;
        listening = new ServerSocket(Lines.number(task, "port", 0), 64, InetAddress.getByName("127.0.0.1"));
        Thread thread = new Thread(this::accept, "meter " + listening.getLocalPort());
        thread.setDaemon(true);
        thread.start();
    }

    int port() {
        return listening.getLocalPort();
    }

    private void accept() {
        while (!listening.isClosed()) {
            try {
                Socket socket = listening.accept();
                Thread thread = new Thread(() -> answer(socket));
                thread.setDaemon(true);
                thread.start();
            } catch (IOException closed) {
                return;
            }
        }
    }

    private void answer(Socket connection) {
        byte[] buffer = new byte[65_536];
        try (Socket socket = connection) {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(TIMEOUT_MS);
            GuruxMeter meter = GuruxMeter.of(task);
            InputStream in = socket.getInputStream();
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                GXServerReply exchange = new GXServerReply(Arrays.copyOf(buffer, count));
                do {
                    meter.handleRequest(exchange);
                    if (exchange.getReply() != null) {
                        socket.getOutputStream().write(exchange.getReply());
                        exchange.setData(null);
                    }
                } while (exchange.isStreaming());
            }
        } catch (Exception error) {
            System.err.println(Lines.describe(error));
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }
}
