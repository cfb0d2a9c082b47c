import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URL;
import javax.net.ssl.HttpsURLConnection;

/** java.net.HttpURLConnection, the client that comes with every JVM. */
public final class UrlConnection {
  public static void main(String[] args) throws Exception {
    Step.settings(args);
    if (Step.get("retry").equals("off")) {
      System.setProperty("sun.net.http.retryPost", "false");
    }
    if (Step.has("ca")) {
      HttpsURLConnection.setDefaultSSLSocketFactory(Step.tls().getSocketFactory());
    }
    for (int i = 0; i < Step.number("times", 1); i++) {
      if (i > 0) {
        Step.pause("idle");
      }
      exchange();
    }
    Step.pause("end");
  }

  private static void exchange() {
    try {
      URL url = new URL(Step.get("url"));
      Proxy proxy = Step.proxy();
      HttpURLConnection c = (HttpURLConnection) (proxy == null ? url.openConnection() : url.openConnection(proxy));
      if (Step.has("connect-timeout")) {
        c.setConnectTimeout(Step.number("connect-timeout", 0));
      }
      if (Step.has("read-timeout")) {
        c.setReadTimeout(Step.number("read-timeout", 0));
      }
      int upload = Step.number("upload", 0);
      if (upload > 0) {
        c.setDoOutput(true);
        c.setFixedLengthStreamingMode(upload);
      }
      if (Step.get("pause").contains("connected")) {
        c.connect();
        Step.pause("connected");
      }
      if (upload > 0) {
        try (OutputStream out = c.getOutputStream()) {
          byte[] piece = new byte[1024];
          for (int sent = 0; sent < upload; sent += piece.length) {
            out.write(piece, 0, Math.min(piece.length, upload - sent));
            out.flush();
            if (sent == 0) {
              Step.pause("upload");
            }
            Thread.sleep(Step.number("upload-gap", 0));
          }
        }
      }
      int status = c.getResponseCode();
      InputStream in = status < 400 ? c.getInputStream() : c.getErrorStream();
      Step.result(status, in == null ? 0 : Step.drain(in));
    } catch (Throwable t) {
      Step.thrown(t);
    }
  }
}
