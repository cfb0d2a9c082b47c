import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;

/**
 * The JDK's own com.sun.net.httpserver as the server of the experiments: /wait answers late, /drip piece by
 * piece, /up reads a body. It tells what its handlers throw.
 */
public final class Server {
  public static void main(String[] args) throws Exception {
    Step.settings(args);
    String listen = Step.get("listen");
    int colon = listen.lastIndexOf(':');
    HttpServer server = HttpServer.create(
        new InetSocketAddress(listen.substring(0, colon), Integer.parseInt(listen.substring(colon + 1))), 0);
    server.setExecutor(Executors.newCachedThreadPool());
    server.createContext("/", Server::handle);
    server.start();
    Step.say("@listening");
    while (System.in.read() >= 0) {
      // until the conductor hangs up
    }
    System.exit(0);
  }

  private static void handle(HttpExchange x) {
    byte[] piece = new byte[512];
    try {
      switch (x.getRequestURI().getPath()) {
        case "/up":
          try (InputStream in = x.getRequestBody()) {
            while (in.read(piece) >= 0) {
              // read on
            }
          }
          x.sendResponseHeaders(200, -1);
          break;
        case "/wait":
          Thread.sleep(600);
          x.sendResponseHeaders(200, piece.length);
          x.getResponseBody().write(piece);
          break;
        default:
          x.sendResponseHeaders(200, 100000);
          OutputStream out = x.getResponseBody();
          boolean slow = x.getRequestURI().getPath().equals("/slow");
          for (int i = 0; i < (slow ? 5 : 40); i++) {
            out.write(piece);
            out.flush();
            Thread.sleep(slow ? 300 : 30);
          }
      }
    } catch (Throwable t) {
      Step.thrown(t);
    }
  }
}
