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

  /** Of an upstream. */
  static String explain(Throwable failure, String host, CertificateRequest request) {
    String name = printable(host);
    Optional<CertificateFault> fault = fault(failure);
    if (fault.isEmpty() && request != CertificateRequest.NONE) {
      return ofClient(failure, name, request);
    }
    String what = fault.map(known -> what(known, name)).orElseGet(() -> what(failure, name));
    String insecure =
        fault.map(known -> authority(known) + "--insecure=" + name + " or ").orElse("");
    return "%s; try: %s--passthrough %s".formatted(what, insecure, name);
  }

  /**
   * Of an upstream that had asked for a certificate, whether it ended the handshake or, as happens
   * in TLS 1.3, what came after it.
   */
  private static String ofClient(Throwable failure, String host, CertificateRequest request) {
    String how = alert(failure).map(said -> " (" + said + ")").orElse("");
    return request == CertificateRequest.ANSWERED
        ? "%s asked for a client certificate, got that of --client-cert and ended the connection%s;"
                .formatted(host, how)
            + " try: another, or --passthrough "
            + host
        : "%s asked for a client certificate, got none and ended the connection%s; try:"
                .formatted(host, how)
            + " --client-cert %s=FILE or --passthrough %s".formatted(host, host);
  }

  /** Of another proxy, which cannot be passed through. */
  static String explainProxy(Throwable failure, String host) {
    String name = printable(host);
    Optional<CertificateFault> fault = fault(failure);
    if (fault.isEmpty()) {
      return what(failure, name);
    }
    String authority = authority(fault.get()).replace(", ", " or ");
    return "%s; try: %s--insecure=%s".formatted(what(fault.get(), name), authority, name);
  }

  private static Optional<CertificateFault> fault(Throwable failure) {
    return causes(failure)
        .filter(UpstreamCertificateException.class::isInstance)
        .map(cause -> ((UpstreamCertificateException) cause).fault())
        .findFirst();
  }

  private static String what(CertificateFault fault, String host) {
    return switch (fault) {
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
  }

  /** What else may help, where the issuer is what is wrong. */
  private static String authority(CertificateFault fault) {
    return switch (fault) {
      case CertificateFault.SelfSigned _, CertificateFault.UnknownIssuer _ ->
          "--upstream-ca FILE, ";
      case CertificateFault.Expired _,
          CertificateFault.NotYetValid _,
          CertificateFault.WrongName _,
          CertificateFault.Other _ ->
          "";
    };
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
    if (OLD_PROTOCOL.matcher(said(failure)).find()) {
      return "%s and earshot have no TLS version in common (earshot speaks 1.2 and 1.3)"
          .formatted(host);
    }
    return alert(failure)
        .map(sent -> "%s refused the TLS handshake (%s)".formatted(host, sent))
        .orElseGet(() ->
            "the TLS handshake with %s failed (%s)"
                .formatted(host, printable(String.valueOf(failure.getMessage()))));
  }

  /** What engines say of a failure, in lower case. */
  private static String said(Throwable failure) {
    return causes(failure)
        .filter(SSLException.class::isInstance)
        .map(cause -> String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT))
        .reduce("", (all, one) -> all + "\n" + one);
  }

  /** The alert that came, in words. */
  private static Optional<String> alert(Throwable failure) {
    Matcher alert = ALERT.matcher(said(failure));
    if (!alert.find()) {
      return Optional.empty();
    }
    String sent = alert.group(1) != null ? alert.group(1) : alert.group(2);
    return Optional.of(sent.replace('_', ' '));
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
