package dev.earshot.process;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/**
 * A program that owns the tree of a command as Earshot does, and kills itself at a given time after
 * it began to start it. The command has its standard streams, and the descriptor of an {@link
 * Oracle}.
 */
final class DoomedMain {
  private DoomedMain() {}

  /** What its death is timed by. */
  enum Moment {
    /** It is about to start the command: death comes before, in or after that. */
    START,
    /** The command was started. */
    SPAWN
  }

  /** It kills itself that long after the moment. */
  record Death(Moment from, Duration after) {}

  /**
   * What it is to do.
   *
   * @param folder that of the plan
   * @param without the layers that it does without
   * @param keep the pattern of those that may live on
   * @param artefacts those of the plan
   * @param death when it kills itself; empty if somebody else is to
   */
  record Doom(
      String id,
      Optional<Path> folder,
      Containment.Orphans orphans,
      Set<Containment.Layer> without,
      Optional<String> keep,
      List<Path> artefacts,
      Optional<Death> death,
      List<String> command) {

    static Doom of(String id, String... command) {
      return new Doom(
          id,
          Optional.empty(),
          Containment.Orphans.ALL,
          Set.of(),
          Optional.empty(),
          List.of(),
          Optional.empty(),
          List.of(command));
    }

    Doom with(Path theFolder) {
      return new Doom(
          id, Optional.of(theFolder), orphans, without, keep, artefacts, death, command);
    }

    Doom adopting(Containment.Orphans which) {
      return new Doom(id, folder, which, without, keep, artefacts, death, command);
    }

    Doom without(Set<Containment.Layer> layers) {
      return new Doom(id, folder, orphans, layers, keep, artefacts, death, command);
    }

    Doom keeping(String pattern) {
      return new Doom(
          id, folder, orphans, without, Optional.of(pattern), artefacts, death, command);
    }

    Doom dyingAt(Death moment) {
      return new Doom(id, folder, orphans, without, keep, artefacts, Optional.of(moment), command);
    }

    Doom completing(List<Path> files) {
      return new Doom(id, folder, orphans, without, keep, files, death, command);
    }

    /** As arguments of a program; words of {@code main} itself come first. */
    String[] commandLine() {
      List<String> words = new ArrayList<>(Shell.javaWords(DoomedMain.class));
      words.add(id);
      words.add(folder.map(Path::toString).orElse(""));
      words.add(orphans.name());
      words.add(without.stream().map(Enum::name).collect(Collectors.joining(",")));
      words.add(keep.orElse(""));
      words.add(artefacts.stream().map(Path::toString).collect(Collectors.joining("\n")));
      words.add(death.map(it -> it.from().name()).orElse(""));
      words.add(death.map(it -> Long.toString(it.after().toNanos())).orElse(""));
      words.addAll(command);
      return words.toArray(String[]::new);
    }

    private static Doom parse(String[] args) {
      return new Doom(
          args[0],
          Optional.of(args[1]).filter(it -> !it.isEmpty()).map(Path::of),
          Containment.Orphans.valueOf(args[2]),
          Arrays.stream(args[3].split(",", -1))
              .filter(it -> !it.isEmpty())
              .map(Containment.Layer::valueOf)
              .collect(Collectors.toSet()),
          Optional.of(args[4]).filter(it -> !it.isEmpty()),
          args[5].lines().map(Path::of).toList(),
          Optional.of(args[6]).filter(it -> !it.isEmpty()).map(it -> death(it, args[7])),
          List.of(args).subList(8, args.length));
    }

    private static Death death(String from, String nanos) {
      return new Death(Moment.valueOf(from), Duration.ofNanos(Long.parseLong(nanos)));
    }

    Containment.Plan plan() {
      List<KeepPattern> patterns = keep.map(KeepPattern::new).map(List::of).orElse(List.of());
      return new Containment.Plan(id, orphans, patterns, folder, artefacts, false);
    }
  }

  public static void main(String[] args) throws InterruptedException {
    var doom = Doom.parse(args);
    var policy = new StopPolicy(Signal.TERM, Duration.ZERO, Duration.ofSeconds(20));
    try (var containment = Containment.open(doom.plan(), doom.without())) {
      System.out.println("open");
      die(doom, Moment.START);
      try (var controller =
          ProcessController.start(
              containment,
              spec(doom),
              policy,
              event -> {
                if (event instanceof ProcessEvent.Started) {
                  if (doom.keep().isPresent()) {
                    // The guardian knows the command by now; before, it would spare nobody.
                    System.out.println("told");
                  }
                  die(doom, Moment.SPAWN);
                }
              })) {
        System.out.println("ended " + controller.await().reason());
      }
    }
  }

  private static CommandSpec spec(Doom doom) {
    var descriptors = new TreeSet<Integer>();
    if (Libc.isOpen(Oracle.DESCRIPTOR)) {
      descriptors.add(Oracle.DESCRIPTOR);
    }
    return CommandSpec.of(doom.command().toArray(String[]::new))
        .withStdio(Stdio.inherit())
        .withLaunch(new LaunchState(0, 0, descriptors));
  }

  private static void die(Doom doom, Moment now) {
    if (doom.death().filter(it -> it.from() == now).isPresent()) {
      Duration after = doom.death().get().after();
      long end = System.nanoTime() + after.toNanos();
      Thread.ofPlatform().daemon().start(() -> dieAt(end));
    }
  }

  private static void dieAt(long end) {
    while (end - System.nanoTime() > 0) {
      LockSupport.parkNanos(end - System.nanoTime());
    }
    Libc.kill(ProcessHandle.current().pid(), Signal.KILL.number());
  }
}
