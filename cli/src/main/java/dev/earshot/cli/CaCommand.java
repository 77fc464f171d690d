package dev.earshot.cli;

import dev.earshot.process.Descriptors;
import dev.earshot.proxy.tls.CertificateAuthority;
import dev.earshot.proxy.tls.CertificateAuthorityException;
import dev.earshot.proxy.tls.NameConstraints;
import dev.earshot.session.SessionFolders;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code earshot ca}: where the certificate authority is, what it is, a copy of it, a new one. */
final class CaCommand {
  static final DateTimeFormatter DAY =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm 'UTC'", Locale.ROOT).withZone(ZoneOffset.UTC);

  private static final String PATH = "path";
  private static final String SHOW = "show";
  private static final String EXPORT = "export";
  private static final String ROTATE = "rotate";
  private static final List<String> ACTIONS = List.of(PATH, SHOW, EXPORT, ROTATE);

  private static final String FORMAT = "--format";
  private static final String OUTPUT = "--output";
  private static final String PASSWORD = "--password";
  private static final String CONSTRAIN = "--constrain";

  /** Which action each option is for. */
  private static final Map<String, String> OPTION_OF =
      Map.of(FORMAT, EXPORT, OUTPUT, EXPORT, PASSWORD, EXPORT, CONSTRAIN, ROTATE);

  private static final String STDOUT = "-";

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
        .customSynopsis(
            "earshot ca [path|show]",
            "       earshot ca export [-f pem|der|p12] [-o FILE] [--password WORD]",
            "       earshot ca rotate [--constrain NAME,..]")
        .footer(
            "",
            "  path     the file with its certificate (the default); it is made when missing",
            "  show     what it is, how long it is valid, and how other programs are made to",
            "           trust it and to forget it",
            "  export   its certificate, never its key, to stdout or to FILE",
            "  rotate   makes a new one in its place; what trusted the old one must trust it anew",
            "",
            "A constrained authority can sign for these names and all below them, addresses and",
            "ranges of addresses (example.com,10.0.0.0/8) only, whoever has its key. Other hosts",
            "then pass undecrypted. A rotation keeps the constraints; 'none' lifts them.",
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
        RunCommandLine.value(
            "FORMAT", "pem (the default), der, or p12: a trust store of Java.", "-f", FORMAT));
    spec.addOption(RunCommandLine.value("FILE", "Where export writes (0600).", "-o", OUTPUT));
    spec.addOption(
        RunCommandLine.value(
            "WORD",
            "Of a p12, 6 characters of ASCII or more (default: " + CaFormat.USUAL_PASSWORD + ").",
            PASSWORD));
    spec.addOption(
        RunCommandLine.value("NAME,..", "What the new authority may sign for.", CONSTRAIN));
    spec.addOption(RunCommandLine.flag("Stack traces of Earshot's own failures.", "--debug"));
    spec.addOption(
        OptionSpec.builder("-h", "--help").usageHelp(true).description("This help.").build());
    return spec;
  }

  Leave run(ParseResult parsed, Launch launch) throws UserError {
    String action = parsed.matchedPositionalValue(0, PATH);
    if (!ACTIONS.contains(action)) {
      throw UserError.usage(
          "ca: unknown action '%s'; %sthere are: %s"
              .formatted(
                  Launch.text(action), nearest(action, ACTIONS), String.join(", ", ACTIONS)));
    }
    for (String option : OPTION_OF.keySet()) {
      if (parsed.hasMatchedOption(option) && !action.equals(OPTION_OF.get(option))) {
        throw UserError.usage(
            "ca: %s is for '%s', not for '%s'; see: earshot ca --help"
                .formatted(option, OPTION_OF.get(option), action));
      }
    }
    Map<String, String> environment = launch.environmentText();
    switch (action) {
      case SHOW -> show(authority(environment));
      case EXPORT -> export(parsed, environment);
      case ROTATE -> rotate(parsed, environment);
      default -> out.println(file(authority(environment)));
    }
    if (out.checkError()) {
      throw UserError.usage("ca: cannot write to stdout: it is closed, or its disk is full");
    }
    return new Leave.WithCode(0);
  }

  private static String nearest(String word, List<String> words) {
    return Nearest.of(word, words).map(it -> "did you mean '" + it + "'? ").orElse("");
  }

  private static Path folder(Map<String, String> environment) throws UserError {
    return SessionFolders.of(environment)
        .certificates()
        .orElseThrow(() ->
            UserError.usage(
                "ca: there is no HOME, so the certificate authority of each run is kept in"
                    + " memory only; set HOME"));
  }

  private static CertificateAuthority authority(Map<String, String> environment) throws UserError {
    try {
      return CertificateAuthority.loadOrCreate(folder(environment), Clock.systemUTC());
    } catch (CertificateAuthorityException e) {
      throw UserError.usage("ca: " + e.getMessage());
    }
  }

  private static String file(CertificateAuthority ca) {
    return ca.certificateFile().map(Path::toString).orElseThrow();
  }

  private void show(CertificateAuthority ca) {
    facts(ca);
    out.println();
    out.println("Commands under 'earshot run' trust it by themselves. Whatever else you let trust");
    out.println("it believes whoever has its key: undo that when you are done.");
    out.println();
    CaTrust.lines(file(ca), name(ca.certificate()))
        .forEach(line -> out.println(Printable.line(line)));
  }

  private void facts(CertificateAuthority ca) {
    X509Certificate certificate = ca.certificate();
    Instant end = certificate.getNotAfter().toInstant();
    long days = Duration.between(Instant.now(), end).toDays();
    fact("file", file(ca));
    fact("name", name(certificate));
    fact("key", "EC P-256");
    fact("signs for", ca.constraints().isNone() ? "every server" : "only " + ca.constraints());
    fact("valid from", DAY.format(certificate.getNotBefore().toInstant()));
    fact("valid until", DAY.format(end) + " (" + days + (days == 1 ? " day)" : " days)"));
    fact("serial", certificate.getSerialNumber().toString(16));
    fact("sha-256", fingerprint("SHA-256", certificate));
    fact("sha-1", fingerprint("SHA-1", certificate));
  }

  private void fact(String what, String value) {
    out.println(Printable.line("%-12s %s".formatted(what, value)));
  }

  /** The common name: all that there is in the subject of an authority of ours. */
  private static String name(X509Certificate certificate) {
    String subject = certificate.getSubjectX500Principal().getName();
    return subject.startsWith("CN=") ? subject.substring("CN=".length()) : subject;
  }

  private static String fingerprint(String algorithm, X509Certificate certificate) {
    try {
      byte[] digest = MessageDigest.getInstance(algorithm).digest(certificate.getEncoded());
      return HexFormat.ofDelimiter(":").withUpperCase().formatHex(digest);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private void rotate(ParseResult parsed, Map<String, String> environment) throws UserError {
    Optional<NameConstraints> constraints =
        parsed.hasMatchedOption(CONSTRAIN)
            ? Optional.of(constraints(Launch.text(parsed.matchedOptionValue(CONSTRAIN, ""))))
            : Optional.empty();
    CertificateAuthority.Rotation rotation;
    try {
      rotation = CertificateAuthority.rotate(folder(environment), Clock.systemUTC(), constraints);
    } catch (CertificateAuthorityException e) {
      throw UserError.usage("ca: " + e.getMessage());
    }
    facts(rotation.made());
    rotation
        .replaced()
        .ifPresent(old -> fact("replaced", name(old) + ", sha-256 " + fingerprint("SHA-256", old)));
    out.println();
    out.println("Commands trust it from the next 'earshot run' on; sessions that run now go on");
    out.println(
        "with the one they have. Where you let something else trust the old one, undo that");
    out.println("and let it trust the new one: earshot ca show");
  }

  private static NameConstraints constraints(String list) throws UserError {
    try {
      return NameConstraints.parse(list);
    } catch (IllegalArgumentException e) {
      throw UserError.usage("ca: " + CONSTRAIN + ": " + e.getMessage());
    }
  }

  private void export(ParseResult parsed, Map<String, String> environment) throws UserError {
    CaFormat format = format(parsed.matchedOptionValue(FORMAT, CaFormat.PEM.wireName()));
    String password = password(parsed, format);
    String file = Launch.text(parsed.matchedOptionValue(OUTPUT, STDOUT));
    if (file.isEmpty()) {
      throw UserError.usage("ca: --output names no file; leave it out for stdout");
    }
    if (!file.equals(STDOUT)) {
      write(file, format.of(authority(environment), password));
    } else if (format != CaFormat.PEM && Descriptors.isTerminal(1)) {
      throw UserError.usage(
          "ca: not writing %s to a terminal, as it is not text; add -o FILE, or redirect stdout"
              .formatted(format.wireName()));
    } else {
      byte[] bytes = format.of(authority(environment), password);
      out.write(bytes, 0, bytes.length);
    }
  }

  private static CaFormat format(String name) throws UserError {
    Optional<CaFormat> format = CaFormat.named(name);
    if (format.isEmpty()) {
      throw UserError.usage(
          "ca: unknown format '%s'; %sthere are: %s"
              .formatted(
                  Launch.text(name),
                  nearest(name, CaFormat.names()),
                  String.join(", ", CaFormat.names())));
    }
    return format.get();
  }

  private static String password(ParseResult parsed, CaFormat format) throws UserError {
    if (!parsed.hasMatchedOption(PASSWORD)) {
      return CaFormat.USUAL_PASSWORD;
    }
    if (format != CaFormat.P12) {
      throw UserError.usage(
          "ca: %s has no password; leave out --password, or add -f p12"
              .formatted(format.wireName()));
    }
    String password = Launch.text(parsed.matchedOptionValue(PASSWORD, ""));
    if (!password.matches("[ -~]*")) {
      throw UserError.usage(
          "ca: the password has characters that programs do not agree about; use letters, digits"
              + " and signs of ASCII");
    }
    if (password.length() < CaFormat.SHORTEST_PASSWORD) {
      throw UserError.usage(
          "ca: the password is too short: keytool wants at least %d characters"
              .formatted(CaFormat.SHORTEST_PASSWORD));
    }
    return password;
  }

  private void write(String name, byte[] bytes) throws UserError {
    try (OutputStream target = new EventTarget.File(name).open(OUTPUT)) {
      target.write(bytes);
    } catch (IOException e) {
      throw UserError.cannotWrite(OUTPUT, name, String.valueOf(e.getMessage()));
    }
    err.println("earshot: wrote the certificate to " + Printable.line(name));
  }
}
