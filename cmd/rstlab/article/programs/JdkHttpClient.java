import java.io.InputStream;
import java.net.ProxySelector;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** java.net.http.HttpClient, the JDK's newer client. It offers no place to pause before the request. */
public final class JdkHttpClient {
  public static void main(String[] args) throws Exception {
    Step.settings(args);
    HttpClient.Builder b = HttpClient.newBuilder();
    b.version(Step.get("protocol").startsWith("h2") ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1);
    if (Step.has("ca")) {
      b.sslContext(Step.tls());
    }
    if (Step.proxy() != null) {
      b.proxy(ProxySelector.of((InetSocketAddress) Step.proxy().address()));
    }
    if (Step.has("connect-timeout")) {
      b.connectTimeout(Duration.ofMillis(Step.number("connect-timeout", 0)));
    }
    HttpClient client = b.build();
    for (int i = 0; i < Step.number("times", 1); i++) {
      if (i > 0) {
        Step.pause("idle");
      }
      exchange(client);
    }
    Step.pause("end");
    System.exit(0);
  }

  private static void exchange(HttpClient client) {
    try {
      HttpRequest.Builder r = HttpRequest.newBuilder(URI.create(Step.get("url")));
      if (Step.has("read-timeout")) {
        r.timeout(Duration.ofMillis(Step.number("read-timeout", 0)));
      }
      int upload = Step.number("upload", 0);
      if (upload > 0) {
        r.POST(HttpRequest.BodyPublishers.fromPublisher(
            HttpRequest.BodyPublishers.ofInputStream(() -> slow(upload)), upload));
      }
      HttpResponse<InputStream> response = client.send(r.build(), HttpResponse.BodyHandlers.ofInputStream());
      Step.result(response.statusCode(), Step.drain(response.body()));
    } catch (Throwable t) {
      Step.thrown(t);
    }
  }

  /** A stream of n bytes in small pieces. */
  private static InputStream slow(int n) {
    return new InputStream() {
      private int sent;

      @Override public int read() {
        throw new UnsupportedOperationException();
      }

      @Override public int read(byte[] buf, int off, int len) {
        if (sent >= n) {
          return -1;
        }
        if (sent > 0) {
          try {
            Thread.sleep(Step.number("upload-gap", 0));
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        }
        int piece = Math.min(Math.min(len, 1024), n - sent);
        sent += piece;
        if (sent > 1024 && sent <= 2048) {
          Step.pause("upload");
        }
        return piece;
      }
    };
  }
}
