package dev.earshot.session;

import dev.earshot.process.KeepPattern;
import dev.earshot.process.Machine;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * What a session writes down in its folder, so that what it leaves can be told to be its own when
 * it was killed together with its guardian: {@code docs/session-record.md} has the layout. It holds
 * no secrets.
 *
 * @param id of the session
 * @param version of Earshot
 * @param started when the session did
 * @param machine where its numbers mean something
 * @param earshot the process that owns the session
 * @param mark the digits that all its processes carry
 * @param group the path of its control group
 * @param keep what may outlive the session
 * @param proxy where its proxy listens; empty before it does
 * @param runs the latest runs of its command, oldest first
 */
public record SessionRecord(
    String id,
    String version,
    Instant started,
    Machine machine,
    Numbered earshot,
    String mark,
    Optional<String> group,
    List<KeepPattern> keep,
    Optional<InetSocketAddress> proxy,
    List<Run> runs) {

  /** The largest that is read. */
  public static final int LARGEST = 64 << 10;

  /** The longest line that is read, in bytes without its end. */
  public static final int LONGEST_LINE = 4 << 10;

  private static final String LAYOUT = "earshot-session";
  private static final String LAYOUT_VERSION = "1";

  private static final Map<String, Pattern> ONCE =
      Map.ofEntries(
          Map.entry("id", Pattern.compile("\\d{8}-\\d{6}-[0-9a-f]{6}")),
          Map.entry("version", Pattern.compile("[\\x21-\\x7e]{1,100}")),
          Map.entry("started", Pattern.compile("[0-9TZ:.-]{1,40}")),
          Map.entry("machine", Pattern.compile("[0-9A-Za-z._-]{1,255}")),
          Map.entry("boot", Pattern.compile("[0-9A-Za-z._-]{1,255}")),
          Map.entry("namespace", Pattern.compile("[0-9a-z]{1,20}")),
          Map.entry("earshot", Pattern.compile("[1-9]\\d{0,9} \\d{1,18}")),
          Map.entry("mark", Pattern.compile("1\\d{12}")),
          Map.entry("cgroup", Pattern.compile("/.+", Pattern.DOTALL)),
          Map.entry("proxy", Pattern.compile("[0-9a-fA-F.:\\[\\]]{1,60}:\\d{1,5}")));

  private static final List<String> REQUIRED =
      List.of("id", "version", "started", "machine", "boot", "namespace", "earshot", "mark");

  private static final Pattern RUN = Pattern.compile("[1-9]\\d{0,8} [1-9]\\d{0,9} \\d{1,18}");
  private static final int LARGEST_PORT = 65_535;

  public SessionRecord {
    keep = List.copyOf(keep);
    runs = List.copyOf(runs);
  }

  /**
   * A process.
   *
   * @param start when it started, in clock ticks since the machine did
   */
  public record Numbered(long pid, long start) {}

  /** One start of the command. */
  public record Run(int number, Numbered leader) {}

  /** What became of some bytes. */
  public sealed interface Parsed {
    /** A record; a last line without an end was left out. */
    record Complete(SessionRecord is) implements Parsed {}

    /** Not a record of this layout, and why. */
    record Refused(String why) implements Parsed {}
  }

  /** The lines, each with its end. */
  String text() {
    var text = new StringBuilder();
    line(text, LAYOUT, LAYOUT_VERSION);
    line(text, "id", id);
    line(text, "version", version);
    line(text, "started", started.toString());
    line(text, "machine", machine.id());
    line(text, "boot", machine.boot());
    line(text, "namespace", machine.namespace());
    line(text, "earshot", earshot.pid() + " " + earshot.start());
    line(text, "mark", mark);
    group.ifPresent(it -> line(text, "cgroup", it));
    keep.forEach(each -> line(text, "keep", each.glob()));
    proxy.ifPresent(it -> text.append(proxyLine(it)));
    runs.forEach(each -> text.append(runLine(each)));
    return text.toString();
  }

  static String proxyLine(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    // The zone of a link-local address is no part of the listener's.
    String plain = host.substring(0, (host + "%").indexOf('%'));
    String shown = plain.indexOf(':') < 0 ? plain : "[" + plain + "]";
    return "proxy " + shown + ":" + address.getPort() + "\n";
  }

  static String runLine(Run run) {
    return "run " + run.number() + " " + run.leader().pid() + " " + run.leader().start() + "\n";
  }

  private static void line(StringBuilder text, String key, String value) {
    text.append(key).append(' ').append(escaped(value)).append('\n');
  }

  /** Control characters and backslashes are {@code \xHH}. */
  private static String escaped(String value) {
    var text = new StringBuilder();
    for (int i = 0; i < value.length(); i++) {
      char each = value.charAt(i);
      if (each < ' ' || each == 0x7f || each == '\\') {
        text.append("\\x").append(HexFormat.of().toHexDigits((byte) each));
      } else {
        text.append(each);
      }
    }
    return text.toString();
  }

  /** Never throws, whatever the bytes are. */
  public static Parsed parse(byte[] bytes) {
    if (bytes.length > LARGEST) {
      return new Parsed.Refused("it is larger than 64 KiB");
    }
    int end = bytes.length;
    while (end > 0 && bytes[end - 1] != '\n') {
      end--;
    }
    if (end == 0) {
      return new Parsed.Refused("it has no whole line");
    }
    String text;
    try {
      text =
          StandardCharsets.UTF_8
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT)
              .decode(ByteBuffer.wrap(bytes, 0, end - 1))
              .toString();
    } catch (CharacterCodingException e) {
      return new Parsed.Refused("it is not UTF-8");
    }
    return new Parser().parse(text.split("\n", -1));
  }

  /** The state of one parse. */
  private static final class Parser {
    private final Map<String, String> once = new LinkedHashMap<>();
    private final List<KeepPattern> keep = new ArrayList<>();
    private final List<Run> runs = new ArrayList<>();

    Parsed parse(String[] lines) {
      if (!lines[0].equals(LAYOUT + " " + LAYOUT_VERSION)) {
        return new Parsed.Refused("it does not begin with '" + LAYOUT + " " + LAYOUT_VERSION + "'");
      }
      for (int i = 1; i < lines.length; i++) {
        if (!accept(lines[i])) {
          return new Parsed.Refused("its line " + (i + 1) + " is malformed");
        }
      }
      for (String key : REQUIRED) {
        if (!once.containsKey(key)) {
          return new Parsed.Refused("it has no line '" + key + "'");
        }
      }
      return finish();
    }

    private boolean accept(String line) {
      int space = line.indexOf(' ');
      if (space < 0 || line.getBytes(StandardCharsets.UTF_8).length > LONGEST_LINE) {
        return false;
      }
      String key = line.substring(0, space);
      Optional<String> value = unescaped(line.substring(space + 1));
      return value
          .filter(
              switch (key) {
                case "keep" -> this::addKeep;
                case "run" -> this::addRun;
                default -> it -> addOnce(key, it);
              })
          .isPresent();
    }

    private boolean addKeep(String value) {
      return !value.isBlank()
          && value.length() <= KeepPattern.LONGEST
          && keep.add(new KeepPattern(value));
    }

    private boolean addRun(String value) {
      if (!RUN.matcher(value).matches()) {
        return false;
      }
      String[] numbers = value.split(" ", -1);
      return runs.add(
          new Run(
              Integer.parseInt(numbers[0]),
              new Numbered(Long.parseLong(numbers[1]), Long.parseLong(numbers[2]))));
    }

    private boolean addOnce(String key, String value) {
      Predicate<String> form =
          Optional.ofNullable(ONCE.get(key)).map(Pattern::asMatchPredicate).orElse(_ -> false);
      return form.test(value) && once.putIfAbsent(key, value) == null;
    }

    private Parsed finish() {
      try {
        String[] earshot = text("earshot").split(" ", -1);
        return new Parsed.Complete(
            new SessionRecord(
                text("id"),
                text("version"),
                Instant.parse(text("started")),
                new Machine(text("machine"), text("boot"), text("namespace")),
                new Numbered(Long.parseLong(earshot[0]), Long.parseLong(earshot[1])),
                text("mark"),
                Optional.ofNullable(once.get("cgroup")),
                keep,
                Optional.ofNullable(once.get("proxy")).map(Parser::address),
                runs));
      } catch (DateTimeException e) {
        return new Parsed.Refused("its line 'started' is no time");
      } catch (IllegalArgumentException e) {
        return new Parsed.Refused("its line 'proxy' is no address");
      }
    }

    private String text(String key) {
      return once.getOrDefault(key, "");
    }

    /** A literal address only: no name is looked up. */
    private static InetSocketAddress address(String text) {
      int colon = text.lastIndexOf(':');
      int port = Integer.parseInt(text.substring(colon + 1));
      if (port < 1 || port > LARGEST_PORT) {
        throw new IllegalArgumentException("no port: " + port);
      }
      return new InetSocketAddress(
          InetAddress.ofLiteral(text.substring(0, colon).replaceAll("[\\[\\]]", "")), port);
    }

    private static Optional<String> unescaped(String value) {
      var text = new StringBuilder();
      for (int i = 0; i < value.length(); i++) {
        char each = value.charAt(i);
        if (each < ' ' || each == 0x7f) {
          return Optional.empty();
        }
        if (each != '\\') {
          text.append(each);
          continue;
        }
        if (i + 4 > value.length()
            || value.charAt(i + 1) != 'x'
            || !HexFormat.isHexDigit(value.charAt(i + 2))
            || !HexFormat.isHexDigit(value.charAt(i + 3))) {
          return Optional.empty();
        }
        text.append((char) HexFormat.fromHexDigits(value, i + 2, i + 4));
        i += 3;
      }
      return Optional.of(text.toString());
    }
  }
}
