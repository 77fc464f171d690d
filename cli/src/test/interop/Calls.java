import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.MessageDigest;
import java.util.HexFormat;

/** Calls an origin by the JDK's client and prints what comes back: Calls (1|2) BASE... */
class Calls {
  private static final byte[] UPLOAD = "upload ".repeat(40_000).getBytes();

  public static void main(String[] arguments) throws Exception {
    var version =
        arguments[0].equals("2") ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1;
    HttpClient client = HttpClient.newBuilder().version(version).build();
    for (int i = 1; i < arguments.length; i++) {
      String base = arguments[i];
      show(client, HttpRequest.newBuilder(URI.create(base + "/text")));
      show(client, HttpRequest.newBuilder(URI.create(base + "/coded/gzip")));
      show(client, HttpRequest.newBuilder(URI.create(base + "/status?code=404")));
      show(
          client,
          HttpRequest.newBuilder(URI.create(base + "/echo"))
              .POST(BodyPublishers.ofByteArray(UPLOAD)));
      show(
          client,
          HttpRequest.newBuilder(URI.create(base + "/digest"))
              .PUT(BodyPublishers.fromPublisher(BodyPublishers.ofByteArray(UPLOAD))));
    }
  }

  private static void show(HttpClient client, HttpRequest.Builder request) throws Exception {
    HttpResponse<byte[]> response = client.send(request.build(), BodyHandlers.ofByteArray());
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(response.body());
    System.out.println(response.version() + " " + response.statusCode());
    System.out.println(response.headers().map());
    System.out.println(response.body().length + " " + HexFormat.of().formatHex(digest));
  }
}
