package dev.earshot.cli;

import dev.earshot.exchange.Redaction;
import dev.earshot.process.Containment;
import dev.earshot.process.Machine;
import dev.earshot.proxy.tls.CertificateAuthority;
import dev.earshot.proxy.tls.CertificateAuthorityException;
import dev.earshot.session.ClientRuntime;
import dev.earshot.session.RuntimeVariable;
import dev.earshot.session.SessionFolders;
import dev.earshot.session.Version;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What {@code earshot doctor} tells of this machine: reads it, and changes nothing. */
final class MachineFacts {
  /** Variables whose values are URLs of proxies. */
  private static final Pattern PROXY =
      Pattern.compile("(http|https|all|ws|wss)_proxy", Pattern.CASE_INSENSITIVE);

  /** Variables whose names are told. */
  private static final Pattern TOLD =
      Pattern.compile(
          "EARSHOT_.*|(?i:.*_proxy)|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS|_JAVA_OPTIONS"
              + "|JAVA_OPTS|MAVEN_OPTS|GRADLE_OPTS|NODE_OPTIONS");

  private final Map<String, String> environment;
  private final SessionFolders folders;
  private final List<String> layers;

  MachineFacts(Map<String, String> environment, SessionFolders folders) {
    this.environment = environment;
    this.folders = folders;
    this.layers = layers();
  }

  /** A line for each fact. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(DoctorText.line("earshot", Version.TEXT));
    lines.add(
        DoctorText.line(
            "java",
            "%s (%s), %s"
                .formatted(
                    Runtime.version(),
                    System.getProperty("java.vm.vendor", "?"),
                    System.getProperty("java.home", "?"))));
    lines.add(
        DoctorText.line(
            "kernel",
            "%s %s (%s)"
                .formatted(
                    System.getProperty("os.name", "?"),
                    System.getProperty("os.version", "?"),
                    System.getProperty("os.arch", "?"))));
    Machine.libraryOfC().ifPresent(it -> lines.add(DoctorText.line("c library", it)));
    lines.add(DoctorText.line("containment", String.join(", ", layers)));
    lines.add(DoctorText.line("sessions", folders.sessions().toString()));
    lines.add(DoctorText.line("authority", authority()));
    lines.addAll(runtimes());
    return lines;
  }

  private static List<String> layers() {
    String id = "doctor-" + ProcessHandle.current().pid() + "." + System.nanoTime();
    try (var containment = Containment.open(Containment.Plan.of(id))) {
      return containment.layers().stream().map(Containment.Layer::wireName).toList();
    } catch (UnsupportedOperationException e) {
      return List.of("none: " + e.getMessage());
    }
  }

  /** Nothing is made here that is not there. */
  private String authority() {
    if (folders.certificates().isEmpty()) {
      return "in memory only, as there is no HOME";
    }
    Path folder = folders.certificates().get();
    if (!CertificateAuthority.existsIn(folder)) {
      return "none yet; the first run makes it in " + folder;
    }
    try {
      var authority = CertificateAuthority.loadOrCreate(folder, Clock.systemUTC());
      return authority.certificateFile().map(Path::toString).orElse("in memory")
          + ", valid until "
          + CaCommand.DAY.format(authority.certificate().getNotAfter().toInstant())
          + (authority.constraints().isNone() ? "" : ", only for " + authority.constraints());
    } catch (CertificateAuthorityException e) {
      return "cannot be used: " + e.getMessage();
    }
  }

  private List<String> runtimes() {
    String path = environment.getOrDefault("PATH", "");
    List<String> lines = new ArrayList<>();
    List<String> missing = new ArrayList<>();
    for (ClientRuntime runtime : ClientRuntime.values()) {
      List<Path> found = RuntimePrograms.found(runtime, path);
      if (!found.isEmpty()) {
        lines.add(
            DoctorText.line(
                runtime.wireName(),
                found.stream().map(Path::toString).collect(Collectors.joining(", "))));
      } else if (!RuntimePrograms.of(runtime).isEmpty()) {
        missing.add(runtime.wireName());
      }
    }
    if (!missing.isEmpty()) {
      lines.add(DoctorText.line("not on PATH", String.join(", ", missing)));
    }
    return lines;
  }

  /** What a bug report tells besides. */
  List<String> more() {
    List<String> lines = new ArrayList<>();
    lines.add(DoctorText.line("jvm flags", String.join(" ", jvmFlags())));
    lines.add(
        DoctorText.line(
            "locale",
            "%s, %s, LANG=%s"
                .formatted(
                    Locale.getDefault(),
                    Charset.defaultCharset(),
                    environment.getOrDefault("LANG", ""))));
    lines.add(DoctorText.line("terminal", environment.getOrDefault("TERM", "none")));
    lines.add(DoctorText.line("pidfd", yes(layers.contains("pidfd"))));
    lines.add(DoctorText.line("cgroup", groups()));
    long self = ProcessHandle.current().pid();
    lines.add(
        DoctorText.line(
            "children", yes(Files.exists(Path.of("/proc/self/task/" + self + "/children")))));
    limits().forEach(each -> lines.add(DoctorText.line("limit", each)));
    variables(environment).forEach(each -> lines.add(DoctorText.line("variable", each)));
    return lines;
  }

  private static String yes(boolean is) {
    return is ? "yes" : "no";
  }

  private static String groups() {
    if (Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers"))) {
      return "version 2";
    }
    return Files.exists(Path.of("/sys/fs/cgroup/unified/cgroup.procs"))
        ? "version 1, and 2 beside it"
        : "version 1, or none";
  }

  /** A property's value can be a secret. */
  private static List<String> jvmFlags() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .map(each -> each.startsWith("-D") ? each.replaceFirst("=.*", "=" + Redaction.MASK) : each)
        .toList();
  }

  private static List<String> limits() {
    try {
      return Files.readAllLines(Path.of("/proc/self/limits"), StandardCharsets.ISO_8859_1).stream()
          .skip(1)
          .map(line -> line.strip().replaceAll(" {2,}", "  "))
          .toList();
    } catch (IOException unknown) {
      return List.of();
    }
  }

  /** Names, and of proxies the values without what is secret in them. */
  static List<String> variables(Map<String, String> environment) {
    Set<String> ours =
        Arrays.stream(ClientRuntime.values())
            .flatMap(runtime -> RuntimeVariable.of(runtime).stream())
            .map(RuntimeVariable::name)
            .collect(Collectors.toSet());
    List<String> told = new ArrayList<>();
    for (String name : new TreeSet<>(environment.keySet())) {
      if (PROXY.matcher(name).matches()) {
        told.add(name + "=" + Redaction.CREDENTIALS.url(environment.getOrDefault(name, "")));
      } else if (TOLD.matcher(name).matches() || ours.contains(name)) {
        told.add(name);
      }
    }
    return told;
  }
}
