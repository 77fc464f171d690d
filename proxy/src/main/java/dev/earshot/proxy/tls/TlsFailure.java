package dev.earshot.proxy.tls;

import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;

/** A failed handshake with an upstream, in words for people. Pure. */
final class TlsFailure {
  /** What no text of a peer may do to a terminal, a header or a log line. */
  private static final Pattern UNPRINTABLE =
      Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Co}\\p{Cn}\\p{Zl}\\p{Zp}]");

  private static final int MAX_TEXT = 200;
  private static final int MAX_NAMES = 5;

  /** How the JDK and BoringSSL tell of an alert that came, both in lower case. */
  private static final Pattern ALERT =
      Pattern.compile(
          "received fatal alert: ([a-z_]+)|:(?:sslv3|tlsv1|tlsv13)_(?:alert_)?([a-z_]+)");

  private static final Pattern OLD_PROTOCOL =
      Pattern.compile(
          "protocol_version|unsupported_protocol|unsupported protocol|unknown_protocol");

  private TlsFailure() {}

  static String explain(Throwable failure, String host) {
    String name = printable(host);
    Optional<CertificateFault> fault =
        causes(failure)
            .filter(UpstreamCertificateException.class::isInstance)
            .map(cause -> ((UpstreamCertificateException) cause).fault())
            .findFirst();
    return fault.map(known -> explain(known, name)).orElseGet(() -> handshake(failure, name));
  }

  private static String explain(CertificateFault fault, String host) {
    String what =
        switch (fault) {
          case CertificateFault.Expired(var subject, var since) ->
              "a certificate of %s expired on %s (%s)".formatted(host, since, printable(subject));
          case CertificateFault.NotYetValid(var subject, var from) ->
              "a certificate of %s is not valid before %s (%s)"
                  .formatted(host, from, printable(subject));
          case CertificateFault.WrongName(var names) ->
              "the certificate is not for %s, but for %s".formatted(host, list(names));
          case CertificateFault.SelfSigned(var subject) ->
              "the certificate of %s is self-signed (%s)".formatted(host, printable(subject));
          case CertificateFault.UnknownIssuer(var issuer, var alone) ->
              "the certificate of %s was issued by an unknown authority (%s)%s"
                  .formatted(
                      host,
                      printable(issuer),
                      alone ? ", and no intermediate certificate was sent" : "");
          case CertificateFault.Other(var reason) ->
              "the certificate of %s was refused (%s)".formatted(host, printable(reason));
        };
    String remedy =
        switch (fault) {
          case CertificateFault.SelfSigned _, CertificateFault.UnknownIssuer _ ->
              "--upstream-ca FILE, ";
          case CertificateFault.Expired _,
              CertificateFault.NotYetValid _,
              CertificateFault.WrongName _,
              CertificateFault.Other _ ->
              "";
        };
    return "%s; try: %s--insecure=%s or --passthrough %s".formatted(what, remedy, host, host);
  }

  private static String handshake(Throwable failure, String host) {
    String what = what(failure, host);
    return "%s; try: --passthrough %s".formatted(what, host);
  }

  private static String what(Throwable failure, String host) {
    for (Throwable cause : causes(failure).toList()) {
      switch (cause) {
        case NotSslRecordException _ -> {
          return "%s does not speak TLS on this port".formatted(host);
        }
        case SslHandshakeTimeoutException _ -> {
          return "%s did not finish the TLS handshake in time".formatted(host);
        }
        case ClosedChannelException _ -> {
          return "%s closed the connection during the TLS handshake".formatted(host);
        }
        default -> {}
      }
    }
    String said =
        causes(failure)
            .filter(SSLException.class::isInstance)
            .map(cause -> String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT))
            .reduce("", (all, one) -> all + "\n" + one);
    if (OLD_PROTOCOL.matcher(said).find()) {
      return "%s and earshot have no TLS version in common (earshot speaks 1.2 and 1.3)"
          .formatted(host);
    }
    Matcher alert = ALERT.matcher(said);
    if (alert.find()) {
      String sent = alert.group(1) != null ? alert.group(1) : alert.group(2);
      return "%s refused the TLS handshake (%s)".formatted(host, sent.replace('_', ' '));
    }
    return "the TLS handshake with %s failed (%s)"
        .formatted(host, printable(String.valueOf(failure.getMessage())));
  }

  private static String list(List<String> names) {
    if (names.isEmpty()) {
      return "no host at all";
    }
    String first =
        String.join(", ", names.stream().limit(MAX_NAMES).map(TlsFailure::printable).toList());
    int more = names.size() - MAX_NAMES;
    return more > 0 ? "%s and %d more".formatted(first, more) : first;
  }

  private static String printable(String text) {
    String cut = text.length() > MAX_TEXT ? text.substring(0, MAX_TEXT) + "…" : text;
    return UNPRINTABLE.matcher(cut).replaceAll("?");
  }

  /** Bounded, since a chain of causes may go in a circle. */
  private static Stream<Throwable> causes(Throwable failure) {
    return Stream.iterate(failure, at -> at != null, Throwable::getCause).limit(20);
  }
}
