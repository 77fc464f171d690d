package dev.earshot.process;

import dev.earshot.process.Guardian.GuardedTerminal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What holds the process trees of one owner together: this process adopts their orphans, a mark
 * finds whoever has left its parents, and a guardian outside ends them if this process is killed.
 * Each layer is there if the system has it; {@link #layers} says which are. Thread-safe.
 *
 * <p>Meant to be opened once for all runs of an owner, before the first and closed after the last;
 * a run that is given none opens one for itself.
 */
public final class Containment implements AutoCloseable {
  /** One means by which a tree is held together. */
  public enum Layer {
    /** The command leads a process group of its own. */
    PROCESS_GROUP,
    /** Orphans of the tree become children of this process. */
    SUBREAPER,
    /** Processes are signalled through descriptors, which a reused number cannot deceive. */
    PIDFD,
    /** A number in place of the limit of file locks, which every descendant inherits. */
    LIMIT_MARK,
    /** The same number in the variable {@code EARSHOT_MARK}. */
    ENVIRONMENT_MARK,
    /** A process outside the tree that ends it if this one is killed. */
    GUARDIAN,
    /** A control group of version 2, killed as a whole. */
    CGROUP;

    /** The name in the event stream. */
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Which children of this process, beside the commands themselves, are taken for orphans. */
  public enum Orphans {
    /** Those with a mark: the program may start other processes by other means. */
    MARKED,
    /** All, also one that got rid of its marks: the program starts nothing by other means. */
    ALL
  }

  /**
   * How to hold trees together.
   *
   * @param id unique on this machine; the marks follow from it
   * @param orphans what is taken for an orphan of a run
   * @param keep processes that may outlive their run; the command itself never may
   * @param folder removed by the guardian, with all in it, if this process is killed
   * @param artefacts files that this process writes, and that the guardian completes if this
   *     process is killed: HTTP Archives as this program lays them out. Anything else under such a
   *     path, a symbolic link above all, is left alone. So is one whose path has a newline in it.
   * @param guardTerminal whether the guardian then also puts this process's terminal in order
   */
  public record Plan(
      String id,
      Orphans orphans,
      List<KeepPattern> keep,
      Optional<Path> folder,
      List<Path> artefacts,
      boolean guardTerminal) {
    public Plan {
      keep = List.copyOf(keep);
      artefacts = artefacts.stream().filter(it -> it.toString().indexOf('\n') < 0).toList();
      if (folder.isPresent() && !folder.get().isAbsolute()) {
        throw new IllegalArgumentException("the folder's path must be absolute");
      }
      if (!artefacts.stream().allMatch(Path::isAbsolute)) {
        throw new IllegalArgumentException("the paths of artefacts must be absolute");
      }
    }

    /** Marked orphans only, nothing to keep or complete, no folder, the terminal left alone. */
    public static Plan of(String id) {
      return new Plan(id, Orphans.MARKED, List.of(), Optional.empty(), List.of(), false);
    }

    /** The same with these processes left alive. */
    public Plan keeping(List<KeepPattern> patterns) {
      return new Plan(id, orphans, patterns, folder, artefacts, guardTerminal);
    }

    /** The same with these files completed if this process is killed. */
    public Plan completing(List<Path> files) {
      return new Plan(id, orphans, keep, folder, files, guardTerminal);
    }
  }

  /** A JVM that does not close this ends that much later. */
  private static final Duration IDLE = Duration.ofSeconds(1);

  private static final AtomicLong UNNAMED = new AtomicLong();

  private final Platform platform;
  private final Plan plan;
  private final Mark mark;
  private final boolean limits;
  private final boolean variable;
  private final boolean adopts;
  private final boolean descriptors;
  private final Optional<Cgroup> cgroup;
  private final Optional<GuardedTerminal> terminal;
  private final Reaper reaper;
  private final AtomicLong runs = new AtomicLong();

  /**
   * The threads that runs are owned by. One that waits for its next run is woken without a pause of
   * the waker; a new one has to begin first, which on a busy processor comes after the command.
   */
  private final ExecutorService owners =
      new ThreadPoolExecutor(
          0,
          Integer.MAX_VALUE,
          IDLE.toMillis(),
          TimeUnit.MILLISECONDS,
          new SynchronousQueue<>(),
          Thread.ofPlatform().name("process-owner").factory());

  private final AtomicBoolean closed = new AtomicBoolean();

  private Containment(Platform platform, Plan plan, Set<Layer> without) {
    this.platform = platform;
    this.plan = plan;
    this.mark = Mark.of(plan.id());
    this.limits =
        !without.contains(Layer.LIMIT_MARK)
            && Libc.limit(Platform.LIMIT_FILE_LOCKS)
                .filter(it -> it.hard() == Mark.NONE)
                .isPresent();
    this.variable = !without.contains(Layer.ENVIRONMENT_MARK);
    this.adopts = !without.contains(Layer.SUBREAPER) && Adoption.acquire();
    int self = Libc.pidDescriptor(ProcessHandle.current().pid());
    this.descriptors = self >= 0;
    if (descriptors) {
      Libc.close(self);
    }
    Optional<Cgroup> possible =
        without.contains(Layer.CGROUP) ? Optional.empty() : Cgroup.below(Cgroup.nameOf(mark));
    this.terminal = plan.guardTerminal() ? Terminal.guarded() : Optional.empty();
    var duty =
        new Guardian.Duty(
            mark,
            plan.keep(),
            plan.folder(),
            possible.map(Cgroup::path),
            plan.artefacts(),
            terminal);
    boolean guarded = !without.contains(Layer.GUARDIAN);
    this.reaper = new Reaper(platform, mark, plan.orphans(), duty, guarded);
    reaper.start();
    // After the guardian, which removes it if this process is killed from now on.
    this.cgroup = possible.filter(Cgroup::make);
  }

  /**
   * Opens what this system has. Never fails for a layer that cannot be had.
   *
   * @throws UnsupportedOperationException on a system that this module does not know
   */
  public static Containment open(Plan plan) {
    return open(plan, Set.of());
  }

  /**
   * The same without some of the layers, as on a system that does not have them: each is to be
   * shown to do without the others. The group and the descriptors cannot be left out.
   */
  static Containment open(Plan plan, Set<Layer> without) {
    if (without.contains(Layer.PROCESS_GROUP) || without.contains(Layer.PIDFD)) {
      throw new IllegalArgumentException("every tree has a group and is signalled by descriptors");
    }
    return new Containment(Platform.current(), plan, without);
  }

  /** For one run that was given none. */
  static Containment unnamed() {
    long self = ProcessHandle.current().pid();
    return open(Plan.of(self + "." + System.nanoTime() + "." + UNNAMED.incrementAndGet()));
  }

  /** The layers that are on, in the order of {@link Layer}. */
  public List<Layer> layers() {
    List<Layer> layers = new ArrayList<>();
    layers.add(Layer.PROCESS_GROUP);
    addIf(adopts, Layer.SUBREAPER, layers);
    addIf(descriptors, Layer.PIDFD, layers);
    addIf(limits, Layer.LIMIT_MARK, layers);
    addIf(variable, Layer.ENVIRONMENT_MARK, layers);
    addIf(reaper.guardianPid().isPresent(), Layer.GUARDIAN, layers);
    addIf(cgroup.isPresent(), Layer.CGROUP, layers);
    return layers;
  }

  private static void addIf(boolean on, Layer layer, List<Layer> layers) {
    if (on) {
      layers.add(layer);
    }
  }

  /** The digits that the marks of all its runs share, which follow from the plan's id. */
  public String digits() {
    return mark.prefix();
  }

  /** Its control group; empty where there is none. */
  public Optional<Path> group() {
    return cgroup.map(Cgroup::path);
  }

  /** Whether a process carries the mark of one of the runs; false if that cannot be read. */
  public boolean owns(long pid) {
    return mark.isOfContainmentOf(pid);
  }

  Platform platform() {
    return platform;
  }

  Plan plan() {
    return plan;
  }

  boolean adopts() {
    return adopts;
  }

  /** Whether commands get the mark as their limit of file locks. */
  boolean limits() {
    return limits;
  }

  /** Whether commands get the mark in their environment. */
  boolean variable() {
    return variable;
  }

  Reaper reaper() {
    return reaper;
  }

  /** Runs the life of a command on a thread that it holds until the end. */
  void own(Runnable life) {
    owners.execute(life);
  }

  /** A run's own part of it. */
  TreeView newTree() {
    long run = runs.incrementAndGet();
    return new TreeView(
        this, mark.ofRun(run), () -> cgroup.flatMap(all -> all.child("run-" + run)));
  }

  /**
   * Dismisses the guardian and stops reaping, which takes milliseconds; a guardian that does not
   * react is killed after a second. No run may be under way. Again changes nothing.
   */
  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    // Before the guardian is dismissed, which would see to it if this process was killed just now.
    cgroup.ifPresent(Cgroup::remove);
    reaper.close();
    terminal.ifPresent(it -> Libc.close(it.descriptor()));
    if (adopts) {
      Adoption.release();
    }
    owners.shutdown();
  }
}
