import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.HashMap;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * What every Java client of the experiments shares: its settings, the places where it waits for the
 * conductor, and how it tells what was thrown.
 *
 * <p>Settings come as arguments of the form name=value. The talk with the conductor is one line each way:
 * "@pause where" out, any line in.
 */
final class Step {
  private static final BufferedReader STDIN = new BufferedReader(new InputStreamReader(System.in));
  private static final Map<String, String> SETTINGS = new HashMap<>();

  private Step() {}

  static void settings(String[] args) {
    for (String arg : args) {
      int eq = arg.indexOf('=');
      SETTINGS.put(arg.substring(0, eq), arg.substring(eq + 1));
    }
  }

  /** The setting, or "" when it was not given. */
  static String get(String name) {
    return SETTINGS.getOrDefault(name, "");
  }

  static int number(String name, int otherwise) {
    String s = get(name);
    return s.isEmpty() ? otherwise : Integer.parseInt(s);
  }

  static boolean has(String name) {
    return !get(name).isEmpty();
  }

  /** Waits for the conductor when the settings ask for a pause here. */
  static void pause(String where) {
    if (!("," + get("pause") + ",").contains("," + where + ",")) {
      return;
    }
    say("@pause " + where);
    try {
      if (STDIN.readLine() == null) {
        System.exit(3);
      }
    } catch (java.io.IOException e) {
      System.exit(3);
    }
  }

  static void say(String line) {
    synchronized (System.out) {
      System.out.println(line);
      System.out.flush();
    }
  }

  /** Prints the exception as the JVM prints it, without the stack frames. */
  static void thrown(Throwable t) {
    StringBuilder b = new StringBuilder(t.toString());
    for (Throwable s : t.getSuppressed()) {
      b.append("\n\tSuppressed: ").append(s);
    }
    for (Throwable c = t.getCause(); c != null; c = c.getCause()) {
      b.append("\nCaused by: ").append(c);
      for (Throwable s : c.getSuppressed()) {
        b.append("\n\tSuppressed: ").append(s);
      }
    }
    say("@words " + quote(b.toString()));
  }

  static void result(int status, long bytes) {
    say("@result " + status + " " + bytes);
  }

  static String quote(String s) {
    StringBuilder b = new StringBuilder("\"");
    for (char c : s.toCharArray()) {
      switch (c) {
        case '"': b.append("\\\""); break;
        case '\\': b.append("\\\\"); break;
        case '\n': b.append("\\n"); break;
        case '\t': b.append("\\t"); break;
        default:
          if (c < ' ') {
            b.append(String.format("\\u%04x", (int) c));
          } else {
            b.append(c);
          }
      }
    }
    return b.append('"').toString();
  }

  /** The HTTP proxy to go through, or null. */
  static Proxy proxy() {
    if (!has("proxy")) {
      return null;
    }
    URI u = URI.create("http://" + get("proxy"));
    return new Proxy(Proxy.Type.HTTP, new InetSocketAddress(u.getHost(), u.getPort()));
  }

  /** Reads and counts the body, waiting once after its first bytes. */
  static long drain(InputStream in) throws java.io.IOException {
    byte[] buf = new byte[8192];
    long total = 0;
    for (int n; (n = in.read(buf)) >= 0; ) {
      if (total == 0) {
        pause("body");
      }
      total += n;
    }
    return total;
  }

  private static TrustManagerFactory trust() throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    int i = 0;
    for (String file : get("ca").split(",")) {
      try (InputStream in = new FileInputStream(file)) {
        store.setCertificateEntry("ca" + i++, CertificateFactory.getInstance("X.509").generateCertificate(in));
      }
    }
    TrustManagerFactory tmf = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    tmf.init(store);
    return tmf;
  }

  static X509TrustManager trustManager() throws Exception {
    for (TrustManager tm : trust().getTrustManagers()) {
      if (tm instanceof X509TrustManager) {
        return (X509TrustManager) tm;
      }
    }
    throw new IllegalStateException("no X.509 trust manager");
  }

  /** A TLS context that trusts the experiments' own authorities and no other. */
  static SSLContext tls() throws Exception {
    SSLContext ctx = SSLContext.getInstance("TLS");
    ctx.init(null, trust().getTrustManagers(), null);
    return ctx;
  }
}
