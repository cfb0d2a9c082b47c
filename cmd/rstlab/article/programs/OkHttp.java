import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import okhttp3.Call;
import okhttp3.ConnectionPool;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.BufferedSink;
import javax.net.ssl.SSLContext;

/**
 * OkHttp, paused where the article pauses it: connected and the request not yet written. The pause sits in
 * a network interceptor, which OkHttp calls between the two.
 */
public final class OkHttp {
  public static void main(String[] args) throws Exception {
    Step.settings(args);
    OkHttpClient.Builder b = new OkHttpClient.Builder()
        .retryOnConnectionFailure(!Step.get("retry").equals("off"))
        .connectionPool(new ConnectionPool(5, 5, TimeUnit.MINUTES))
        .connectTimeout(Step.number("connect-timeout", 20000), TimeUnit.MILLISECONDS)
        .readTimeout(Step.number("read-timeout", 30000), TimeUnit.MILLISECONDS)
        .writeTimeout(30, TimeUnit.SECONDS)
        .addNetworkInterceptor(chain -> {
          Step.pause("connected");
          return chain.proceed(chain.request());
        });
    if (Step.has("addresses")) {
      b.dns(host -> addresses());
    }
    if (Step.proxy() != null) {
      b.proxy(Step.proxy());
    }
    if (Step.has("ca")) {
      SSLContext ctx = Step.tls();
      b.sslSocketFactory(ctx.getSocketFactory(), Step.trustManager());
    }
    switch (Step.get("protocol")) {
      case "h2c": b.protocols(Collections.singletonList(Protocol.H2_PRIOR_KNOWLEDGE)); break;
      case "h2": b.protocols(Arrays.asList(Protocol.HTTP_2, Protocol.HTTP_1_1)); break;
      default: b.protocols(Collections.singletonList(Protocol.HTTP_1_1));
    }
    OkHttpClient client = b.build();
    for (int i = 0; i < Step.number("times", 1); i++) {
      if (i > 0) {
        Step.pause("idle");
      }
      exchange(client);
    }
    if (Step.has("exit")) {
      Runtime.getRuntime().halt(0);
    }
    Step.pause("end");
    client.connectionPool().evictAll();
    client.dispatcher().executorService().shutdown();
    System.exit(0);
  }

  /** The addresses that the name server would tell. */
  private static List<InetAddress> addresses() throws UnknownHostException {
    List<InetAddress> all = new ArrayList<>();
    for (String a : Step.get("addresses").split(",")) {
      all.add(InetAddress.getByName(a));
    }
    return all;
  }

  private static void exchange(OkHttpClient client) {
    Request.Builder request = new Request.Builder().url(Step.get("url"));
    int upload = Step.number("upload", 0);
    if (upload > 0) {
      request.post(body(upload));
    }
    Call call = client.newCall(request.build());
    if (Step.has("cancel")) {
      new Thread(() -> {
        sleep(Step.number("cancel", 0));
        call.cancel();
      }).start();
    }
    try (Response response = call.execute()) {
      if (Step.has("close-early")) {
        response.body().source().require(1);
        Step.pause("body");
        return; // try-with-resources closes the body with most of it unread
      }
      if (Step.get("exit").equals("body")) {
        response.body().source().require(1);
        Step.pause("body");
        Runtime.getRuntime().halt(0);
      }
      Step.result(response.code(), Step.drain(response.body().byteStream()));
    } catch (Throwable t) {
      Step.thrown(t);
    }
  }

  /** A body of n bytes that is written in small pieces, so that a kill meets it half-way. */
  private static RequestBody body(int n) {
    return new RequestBody() {
      @Override public MediaType contentType() {
        return MediaType.parse("application/octet-stream");
      }

      @Override public long contentLength() {
        return n;
      }

      @Override public void writeTo(BufferedSink sink) throws IOException {
        byte[] piece = new byte[1024];
        for (int sent = 0; sent < n; sent += piece.length) {
          sink.write(piece, 0, Math.min(piece.length, n - sent)).flush();
          if (sent == 0) {
            Step.pause("upload");
          }
          sleep(Step.number("upload-gap", 0));
        }
      }
    };
  }

  private static void sleep(int ms) {
    try {
      Thread.sleep(ms);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
