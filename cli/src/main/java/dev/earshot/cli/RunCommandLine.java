package dev.earshot.cli;

import dev.earshot.exchange.Quantities;
import dev.earshot.process.KeepPattern;
import dev.earshot.process.Signal;
import dev.earshot.proxy.ProxyCredentials;
import dev.earshot.proxy.ProxyTimeouts;
import dev.earshot.proxy.ReverseRule;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeSet;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** The options of {@code earshot run}: what they are, and what a parsed line of them asks for. */
final class RunCommandLine {
  private static final long DEFAULT_MAX_BODY = 1 << 20;

  private static final String LIST = "a list such as api.example.com,*.internal";

  private RunCommandLine() {}

  /** The options, in the order of the help. */
  static CommandSpec spec() {
    var spec = CommandSpec.create().name("run");
    spec.usageMessage()
        .description(
            "Runs a command behind a private capturing proxy and owns it: what it started, ends.")
        .customSynopsis("earshot run [options] [--] COMMAND [ARG...]")
        .footer(
            "",
            "Examples:",
            "  earshot run -- npm test",
            "  earshot run --events events.ndjson -- ./server",
            "  earshot run --events - -- curl -s https://example.com | jq .type",
            "",
            "DURATION is written 250ms, 5s, 2m or 1h, SIZE 64k or 1MiB. The exit code is the command's own;",
            "128+n if signal n ended it; 124 --timeout struck; 125 Earshot could not start or",
            "failed; 126 the command cannot be executed; 127 there is no such command.");
    spec.addOption(value("PORT", "Port to listen on (default: any free one).", "-p", "--port"));
    spec.addOption(value("ADDR", "Address to listen on (default 127.0.0.1).", "--bind"));
    spec.addOption(
        value(
            "USER:PASS",
            "What clients outside the command's tree must show; ps shows it.",
            "--proxy-auth"));
    spec.addOption(
        list(
            "LISTEN=TARGET",
            "Listen there for this origin alone: 8080=http://host:80.",
            "--reverse"));
    spec.addOption(flag("Without the terminal UI (as of now, always).", "--headless"));
    spec.addOption(flag("With the terminal UI (not there yet).", "--tui"));
    spec.addOption(
        value("FILE|-|fd:N", "Write the event stream there, as lines of JSON.", "-e", "--events"));
    spec.addOption(value("FILE", "Write a HAR 1.2 file as it goes.", "--har"));
    spec.addOption(
        value("FILE", "Keep the record there, masked, instead of with all others.", "--capture"));
    spec.addOption(flag("Keep no record (as does EARSHOT_CAPTURE=off).", "--no-capture"));
    spec.addOption(value("SIZE", "Keep so much of each body (default 1MiB).", "--max-body"));
    spec.addOption(list("HOST,..", "Never decrypt these hosts (globs).", "--passthrough"));
    spec.addOption(flag("Decrypt nothing.", "--no-intercept"));
    spec.addOption(
        value(
            "URL",
            "Go through this proxy: http, https or socks5 (default: your own variables).",
            "--upstream-proxy"));
    spec.addOption(
        list("FILE", "Trust these certificate authorities upstream, too.", "--upstream-ca"));
    spec.addOption(
        attached("HOST,..", "Do not verify upstream certificates (of these hosts).", "--insecure"));
    spec.addOption(
        list(
            "HOST=FILE",
            "Show hosts that ask for one the certificate in FILE (PEM, with its key).",
            "--client-cert"));
    spec.addOption(
        value("DURATION", "Time to reach an upstream (default 60s).", "--connect-timeout"));
    spec.addOption(
        value("DURATION", "Time an exchange may stand still (default 1h).", "--idle-timeout"));
    spec.addOption(
        value(
            "FILE", "Write the secrets of TLS there, for Wireshark (SSLKEYLOGFILE).", "--keylog"));
    spec.addOption(value("PROFILE", "Mask secrets: credentials (default) or none.", "--redact"));
    spec.addOption(attached("node,..", "Set no variables (for these runtimes).", "--no-inject"));
    spec.addOption(value("SIG", "First signal of a stop (default TERM).", "--stop-signal"));
    spec.addOption(value("DURATION", "From that signal to KILL (default 5s).", "--grace"));
    spec.addOption(
        value("DURATION", "For exchanges in flight at the end (default 2s).", "--drain"));
    spec.addOption(value("DURATION", "Stop the whole run after this.", "--timeout"));
    spec.addOption(list("PATTERN", "Processes that may live on, such as ssh-agent.", "--keep"));
    spec.addOption(list("K=V", "Set a variable of the command.", "--env"));
    spec.addOption(value("DIR", "Run the command there.", "--cwd"));
    spec.addOption(
        value(
            "WHEN",
            "Run it on a terminal of its own: always, never, auto (never if headless).",
            "--pty"));
    spec.addOption(value("WHEN", "auto, always or never (no effect yet).", "--color"));
    spec.addOption(flag("No summary and no warnings.", "-q", "--quiet"));
    spec.addOption(flag("Accepted; no effect yet.", "-v", "--verbose"));
    spec.addOption(flag("Stack traces of Earshot's own failures.", "--debug"));
    spec.addOption(
        OptionSpec.builder("-h", "--help").usageHelp(true).description("This help.").build());
    spec.addPositional(
        PositionalParamSpec.builder()
            .index("0..*")
            .arity("0..*")
            .type(List.class)
            .auxiliaryTypes(String.class)
            .paramLabel("COMMAND")
            .hidden(true)
            .build());
    LaterOptions.addTo(spec);
    return spec;
  }

  static RunOptions options(ParseResult parsed) throws UserError {
    LaterOptions.refuse(parsed);
    List<String> command = parsed.matchedPositionalValue(0, List.of());
    if (parsed.hasMatchedOption("--tui")) {
      throw UserError.notThereYet("--tui", "leave it out: the run is headless");
    }
    if (command.isEmpty()) {
      throw UserError.noCommand();
    }
    oneOf(parsed, "--color", "auto", "always", "never");
    return new RunOptions(
        command,
        port(parsed),
        bind(parsed),
        proxyAuth(parsed),
        reverse(parsed),
        events(parsed),
        capture(parsed),
        maxBody(parsed),
        text(parsed, "--har"),
        items(parsed, "--passthrough"),
        !parsed.hasMatchedOption("--no-intercept"),
        text(parsed, "--upstream-proxy"),
        each(parsed, "--upstream-ca"),
        items(parsed, "--insecure"),
        each(parsed, "--client-cert"),
        duration(parsed, "--connect-timeout", ProxyTimeouts.DEFAULT.connect()),
        duration(parsed, "--idle-timeout", ProxyTimeouts.DEFAULT.idle()),
        text(parsed, "--keylog"),
        !oneOf(parsed, "--redact", "credentials", "none").equals("none"),
        new TreeSet<>(items(parsed, "--no-inject")),
        stopSignal(parsed),
        duration(parsed, "--grace", Duration.ofSeconds(5)),
        duration(parsed, "--drain", Duration.ofSeconds(2)),
        parsed.hasMatchedOption("--timeout")
            ? Optional.of(duration(parsed, "--timeout", Duration.ZERO))
            : Optional.empty(),
        keep(parsed),
        environment(parsed),
        bytes(parsed, "--cwd"),
        oneOf(parsed, "--pty", "auto", "always", "never").equals("always"),
        parsed.hasMatchedOption("-q"),
        parsed.hasMatchedOption("-v"),
        parsed.hasMatchedOption("--debug"));
  }

  private static int port(ParseResult parsed) throws UserError {
    String text = text(parsed, "--port").orElse("0");
    if (!text.matches("\\d{1,5}") || Integer.parseInt(text) > 65_535) {
      throw UserError.badValue("--port", text, "a number from 0 to 65535");
    }
    return Integer.parseInt(text);
  }

  private static String bind(ParseResult parsed) throws UserError {
    String text = text(parsed, "--bind").orElse("127.0.0.1");
    String plain =
        text.startsWith("[") && text.endsWith("]") ? text.substring(1, text.length() - 1) : text;
    if (!plain.matches("[0-9a-fA-F.:]+") && !plain.equals("localhost")) {
      throw UserError.badValue("--bind", text, "an IP address");
    }
    try {
      InetAddress address = InetAddress.getByName(plain);
      if (!address.isLoopbackAddress() && text(parsed, "--proxy-auth").isEmpty()) {
        throw UserError.bindNeedsAuth(text);
      }
      return address.getHostAddress();
    } catch (UnknownHostException e) {
      throw UserError.badValue("--bind", text, "an IP address");
    }
  }

  private static Optional<ProxyCredentials> proxyAuth(ParseResult parsed) throws UserError {
    Optional<String> text = text(parsed, "--proxy-auth");
    try {
      return text.map(ProxyCredentials::parse);
    } catch (IllegalArgumentException e) {
      throw UserError.badProxyAuth(String.valueOf(e.getMessage()));
    }
  }

  private static List<ReverseRule> reverse(ParseResult parsed) throws UserError {
    List<ReverseRule> rules = new ArrayList<>();
    for (String text : each(parsed, "--reverse")) {
      try {
        rules.add(ReverseRule.parse(text));
      } catch (IllegalArgumentException e) {
        throw UserError.badReverse(text, String.valueOf(e.getMessage()));
      }
    }
    return rules;
  }

  private static Optional<EventTarget> events(ParseResult parsed) throws UserError {
    Optional<String> target = text(parsed, "--events");
    return target.isPresent() ? Optional.of(EventTarget.parse(target.get())) : Optional.empty();
  }

  private static CaptureChoice capture(ParseResult parsed) throws UserError {
    Optional<String> file = text(parsed, "--capture");
    boolean off = parsed.hasMatchedOption("--no-capture");
    if (file.isPresent() && off) {
      throw UserError.usage("--capture and --no-capture exclude each other; leave one out");
    }
    if (file.isPresent()) {
      return new CaptureChoice.File(file.get());
    }
    return off ? new CaptureChoice.Off() : new CaptureChoice.Standard();
  }

  private static long maxBody(ParseResult parsed) throws UserError {
    Optional<String> text = text(parsed, "--max-body");
    if (text.isEmpty()) {
      return DEFAULT_MAX_BODY;
    }
    return Quantities.size(text.get())
        .orElseThrow(() ->
            UserError.badValue(
                "--max-body", text.get(), "a size such as 64k, 1MiB or 2GiB, or 0 for none"));
  }

  private static Signal stopSignal(ParseResult parsed) throws UserError {
    String text = text(parsed, "--stop-signal").orElse("TERM");
    return Signal.parse(text)
        .orElseThrow(
            () -> UserError.badValue("--stop-signal", text, "a signal such as TERM, INT or HUP"));
  }

  private static List<KeepPattern> keep(ParseResult parsed) throws UserError {
    List<KeepPattern> patterns = new ArrayList<>();
    for (String text : each(parsed, "--keep")) {
      if (text.isBlank() || text.length() > KeepPattern.LONGEST) {
        throw UserError.badValue(
            "--keep",
            text,
            "a name such as ssh-agent, or '*GradleDaemon*', of up to %d characters"
                .formatted(KeepPattern.LONGEST));
      }
      patterns.add(new KeepPattern(text));
    }
    return patterns;
  }

  private static SequencedMap<String, String> environment(ParseResult parsed) throws UserError {
    SequencedMap<String, String> variables = new LinkedHashMap<>();
    List<String> given = parsed.matchedOptionValue("--env", List.of());
    for (String pair : given) {
      int equals = pair.indexOf('=');
      if (equals <= 0) {
        throw UserError.badValue("--env", Launch.text(pair), "NAME=VALUE");
      }
      variables.put(pair.substring(0, equals), pair.substring(equals + 1));
    }
    return variables;
  }

  private static Duration duration(ParseResult parsed, String option, Duration otherwise)
      throws UserError {
    Optional<String> text = text(parsed, option);
    if (text.isEmpty()) {
      return otherwise;
    }
    return Quantities.duration(text.get())
        .orElseThrow(
            () -> UserError.badValue(option, text.get(), "a duration such as 250ms, 5s or 2m"));
  }

  /** One of the words; the first is the default. */
  private static String oneOf(ParseResult parsed, String option, String... words) throws UserError {
    String text = text(parsed, option).orElse(words[0]);
    if (!Arrays.asList(words).contains(text)) {
      throw UserError.badValue(option, text, String.join(" or ", words));
    }
    return text;
  }

  private static Optional<String> bytes(ParseResult parsed, String option) {
    return Optional.ofNullable(parsed.matchedOptionValue(option, (String) null));
  }

  private static Optional<String> text(ParseResult parsed, String option) {
    return bytes(parsed, option).map(Launch::text);
  }

  private static List<String> each(ParseResult parsed, String option) {
    List<String> given = parsed.matchedOptionValue(option, List.of());
    return given.stream().map(Launch::text).toList();
  }

  /** The items of all comma-separated lists given for an option. */
  private static List<String> items(ParseResult parsed, String option) throws UserError {
    List<String> items = new ArrayList<>();
    for (String list : each(parsed, option)) {
      for (String item : list.split(",", -1)) {
        if (item.isBlank()) {
          throw UserError.badValue(option, list, LIST);
        }
        items.add(item.strip());
      }
    }
    return items;
  }

  static OptionSpec flag(String description, String... names) {
    return OptionSpec.builder(names)
        .arity("0")
        .type(boolean.class)
        .description(description)
        .build();
  }

  static OptionSpec value(String label, String description, String... names) {
    return OptionSpec.builder(names)
        .arity("1")
        .type(String.class)
        .paramLabel(label)
        .description(description)
        .build();
  }

  private static OptionSpec list(String label, String description, String name) {
    return OptionSpec.builder(name)
        .arity("1")
        .type(List.class)
        .auxiliaryTypes(String.class)
        .paramLabel(label)
        .description(description)
        .build();
  }

  /** An option whose value, if it has one, is attached by '='; without one it means all. */
  private static OptionSpec attached(String label, String description, String name) {
    return OptionSpec.builder(name)
        .arity("0..1")
        .fallbackValue("*")
        .type(List.class)
        .auxiliaryTypes(String.class)
        .paramLabel(label)
        .description(description)
        .preprocessor((args, _, option, info) -> {
          if (!"=".equals(info.get("separator"))) {
            args.push(((OptionSpec) option).fallbackValue());
          }
          return false;
        })
        .build();
  }
}
