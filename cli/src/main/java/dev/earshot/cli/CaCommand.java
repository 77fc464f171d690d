package dev.earshot.cli;

import dev.earshot.proxy.tls.CertificateAuthority;
import dev.earshot.proxy.tls.CertificateAuthorityException;
import dev.earshot.session.SessionFolders;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code earshot ca}: where the certificate authority is, what it is, and a copy of it. */
final class CaCommand {
  static final DateTimeFormatter DAY =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC);

  private final PrintStream out;
  private final PrintStream err;

  CaCommand(PrintStream out, PrintStream err) {
    this.out = out;
    this.err = err;
  }

  static CommandSpec spec() {
    var spec = CommandSpec.create().name("ca");
    spec.usageMessage()
        .description(
            "The certificate authority with which Earshot decrypts the calls of a command.")
        .customSynopsis("earshot ca [path|show|export] [-o FILE]")
        .footer(
            "",
            "  path     the file with its certificate (the default); it is made when missing",
            "  show     what it is and how long it is valid",
            "  export   its certificate as PEM, to stdout or to FILE",
            "",
            "Commands under 'earshot run' trust it by themselves; nothing is installed anywhere.");
    spec.addPositional(
        PositionalParamSpec.builder()
            .index("0")
            .arity("0..1")
            .type(String.class)
            .paramLabel("ACTION")
            .hidden(true)
            .build());
    spec.addOption(
        OptionSpec.builder("-o", "--output")
            .arity("1")
            .type(String.class)
            .paramLabel("FILE")
            .description("Where export writes (0600).")
            .build());
    spec.addOption(RunCommandLine.flag("Stack traces of Earshot's own failures.", "--debug"));
    spec.addOption(
        OptionSpec.builder("-h", "--help").usageHelp(true).description("This help.").build());
    return spec;
  }

  Leave run(ParseResult parsed, Launch launch) throws UserError {
    String action = parsed.matchedPositionalValue(0, "path");
    CertificateAuthority ca = authority(launch.environmentText());
    switch (action) {
      case "path" -> out.println(ca.certificateFile().map(Path::toString).orElseThrow());
      case "show" -> show(ca);
      case "export" -> export(ca, parsed.matchedOptionValue("-o", ""));
      case "rotate" ->
          throw UserError.notThereYet("'ca rotate'", "remove its folder to get a new one");
      default ->
          throw UserError.usage(
              "ca: unknown action '%s'; there are: path, show, export"
                  .formatted(Launch.text(action)));
    }
    return new Leave.WithCode(0);
  }

  private static CertificateAuthority authority(Map<String, String> environment) throws UserError {
    Path folder =
        SessionFolders.of(environment)
            .certificates()
            .orElseThrow(() ->
                UserError.usage(
                    "ca: there is no HOME, so the certificate authority of each run is kept in"
                        + " memory only; set HOME"));
    try {
      return CertificateAuthority.loadOrCreate(folder, Clock.systemUTC());
    } catch (CertificateAuthorityException e) {
      throw UserError.usage("ca: " + e.getMessage());
    }
  }

  private void show(CertificateAuthority ca) {
    X509Certificate certificate = ca.certificate();
    out.println("file         " + ca.certificateFile().map(Path::toString).orElse("in memory"));
    out.println("name         " + Printable.line(certificate.getSubjectX500Principal().getName()));
    out.println("key          EC P-256");
    out.println("valid from   " + DAY.format(certificate.getNotBefore().toInstant()));
    out.println("valid until  " + DAY.format(certificate.getNotAfter().toInstant()));
    out.println("sha-256      " + fingerprint(certificate));
  }

  private static String fingerprint(X509Certificate certificate) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
      return HexFormat.ofDelimiter(":").withUpperCase().formatHex(digest);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private void export(CertificateAuthority ca, String file) throws UserError {
    if (file.isEmpty() || file.equals("-")) {
      out.print(ca.pem());
      return;
    }
    String name = Launch.text(file);
    try (OutputStream target = new EventTarget.File(name).open("--output")) {
      target.write(ca.pem().getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw UserError.cannotWrite("--output", name, String.valueOf(e.getMessage()));
    }
    err.println("earshot: wrote the certificate to " + Printable.line(name));
  }
}
