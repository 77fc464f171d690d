package dev.earshot.proxy;

import dev.earshot.exchange.ClientProcess;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A client that rejects our certificate, in words for people. Pure. */
final class RejectionWords {
  /**
   * What clients send about a certificate (RFC 8446 section 6.2; rustls sends access_denied when
   * the verifier of an application says no).
   */
  private static final Map<Integer, String> ABOUT_CERTIFICATES =
      Map.of(
          42,
          "bad_certificate",
          43,
          "unsupported_certificate",
          44,
          "certificate_revoked",
          45,
          "certificate_expired",
          46,
          "certificate_unknown",
          48,
          "unknown_ca",
          49,
          "access_denied",
          113,
          "bad_certificate_status_response");

  /** How the JDK and BoringSSL tell of an alert that came, both in lower case. */
  private static final Pattern ALERT =
      Pattern.compile(
          "received fatal alert: ([a-z_]+)|:(?:sslv3|tlsv1|tlsv13)_(?:alert_)?([a-z_]+)");

  /**
   * By which its users tell a runtime whom to trust, instead of what Earshot tells it.
   *
   * @param program how the names of its programs begin
   */
  private record Remedy(String program, String text) {}

  private static final List<Remedy> REMEDIES =
      List.of(
          new Remedy("javac", "it has a trust store of its own: let that trust Earshot's CA, too"),
          new Remedy(
              "java",
              "its code or -Djavax.net.ssl.trustStore names a trust store of its own: let that"
                  + " trust Earshot's CA, too (earshot ca export -f p12), or leave it out"),
          new Remedy(
              "node",
              "a ca option (or cafile, pinning) replaces what NODE_EXTRA_CA_CERTS adds: give it"
                  + " Earshot's CA, too, or leave it out"),
          new Remedy(
              "npm", "its cafile replaces what NODE_EXTRA_CA_CERTS adds: let it name Earshot's CA"),
          new Remedy(
              "python",
              "its SSL context loads authorities of its own (cafile, verify=, certifi): load"
                  + " $SSL_CERT_FILE, too, or leave them out"),
          new Remedy(
              "curl", "leave out --cacert, --capath and --pinnedpubkey, if it is one of them"),
          new Remedy("wget", "leave out --ca-certificate, if it is that"),
          new Remedy("git", "leave out http.sslCAInfo, if it is that"),
          new Remedy("chrom", "a browser trusts its own store: see earshot ca show"),
          new Remedy("firefox", "a browser trusts its own store: see earshot ca show"));

  private static final String ANY =
      "it pins certificates or has a trust store of its own: let that trust Earshot's CA, too"
          + " (earshot ca)";

  private RejectionWords() {}

  /** The alert by which a peer said that it does not like the certificate. */
  static Optional<String> alert(Throwable failure) {
    // Bounded, since a chain of causes may go in a circle.
    return Stream.iterate(failure, at -> at != null, Throwable::getCause)
        .limit(20)
        .map(each -> ALERT.matcher(String.valueOf(each.getMessage()).toLowerCase(Locale.ROOT)))
        .filter(Matcher::find)
        .map(found -> found.group(1) != null ? found.group(1) : found.group(2))
        .filter(ABOUT_CERTIFICATES.values()::contains)
        .findFirst();
  }

  /** The name of an alert, if a peer says by it that it does not like the certificate. */
  static Optional<String> alert(OptionalInt description) {
    return description.isPresent()
        ? Optional.ofNullable(ABOUT_CERTIFICATES.get(description.getAsInt()))
        : Optional.empty();
  }

  /** It sent an alert. */
  static String refused(ClientProcess process, String name, String alert) {
    return "%s did not accept Earshot's certificate for %s (%s)"
        .formatted(who(process), name, alert.replace('_', ' '));
  }

  /** It closed the connection within the handshake. */
  static String leftWithin(ClientProcess process, String name) {
    return "%s closed the connection when it saw Earshot's certificate for %s"
        .formatted(who(process), name);
  }

  /** It closed the connection after the handshake. */
  static String leftAfter(ClientProcess process, String name) {
    return "%s likely did not accept Earshot's certificate for %s (it left without a request)"
        .formatted(who(process), name);
  }

  /** What is done about it. */
  static String consequence(ClientProcess process, String host, Duration pause) {
    return "; from now on what %s calls at %s passes undecrypted, and is tried again after %s"
        .formatted(who(process), host, time(pause));
  }

  /** What the user can do. */
  static String hint(ClientProcess process, String host) {
    String program = process.name().orElse("").toLowerCase(Locale.ROOT);
    String remedy =
        REMEDIES.stream()
            .filter(each -> program.startsWith(each.program()))
            .findFirst()
            .map(Remedy::text)
            .orElse(ANY);
    return "%s; or --passthrough %s, with which not even the first call fails"
        .formatted(remedy, host);
  }

  private static String who(ClientProcess process) {
    return process.name().orElse("the client");
  }

  private static String time(Duration pause) {
    return pause.toSeconds() % 60 == 0 && pause.toMinutes() > 0
        ? pause.toMinutes() + " min"
        : pause.toMillis() % 1_000 == 0 ? pause.toSeconds() + " s" : pause.toMillis() + " ms";
  }
}
