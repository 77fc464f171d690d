package dev.earshot.process;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.SequencedSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * The life of one command, on one thread: once it is started, that alone signals and reaps, so that
 * it never signals a number that is not its command's any more. The leader's zombie stays until the
 * tree is gone: as long as it is there, the kernel gives the group's number to nobody else.
 */
final class ProcessOwner {
  /** Members that are watched at once; the others are looked for when one of these has ended. */
  private static final int WATCHED = 64;

  /** Between looks if members cannot be watched, or are being killed. */
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(20);

  /**
   * Of the time for the killed, what guardians of sessions within this one get to do their work.
   */
  private static final double GUARDIANS_SHARE = 0.75;

  private static final int ENDED_NOW =
      Platform.WAIT_EXITED | Platform.WAIT_NO_HANG | Platform.WAIT_LEAVE;

  private final Platform platform;
  private final Containment containment;
  private final TreeView tree;
  private final CommandSpec spec;
  private final StopPolicy policy;
  private final Consumer<ProcessEvent> events;
  private final StandardStreams streams;
  private final Inbox inbox;
  private final Wake wake;
  private final JobControl jobs;
  private final AtomicBoolean reaped = new AtomicBoolean();
  private final CompletableFuture<ProcessResult> leaderEnd = new CompletableFuture<>();
  private final SequencedSet<Long> killed = new LinkedHashSet<>();

  // Read by any thread.
  private volatile long pid;
  private volatile boolean abandoned;

  private Instant startedAt = now();
  private long startedNanos = System.nanoTime();
  private Optional<ProcessResult> exited = Optional.empty();
  private ProcessTree.Look look = ProcessTree.Look.NOTHING;
  private Set<Long> guardianSessions = Set.of();
  private OptionalLong spareUntil = OptionalLong.empty();
  private final Set<ProcessTable.Identity> askedOnce = new HashSet<>();
  private Optional<StopRules.Input> held = Optional.empty();
  private Optional<String> listenerFailure = Optional.empty();
  private boolean lookDue;
  private boolean statusLost;
  private boolean asked;
  private boolean killSent;

  ProcessOwner(
      Containment containment,
      CommandSpec spec,
      StopPolicy policy,
      Consumer<ProcessEvent> events,
      StandardStreams streams,
      Inbox inbox,
      Wake wake) {
    this.platform = containment.platform();
    this.containment = containment;
    this.tree = containment.newTree();
    this.spec = spec;
    this.policy = policy;
    this.events = events;
    this.streams = streams;
    this.inbox = inbox;
    this.wake = wake;
    this.jobs = JobControl.of(spec, inbox);
  }

  OptionalLong pid() {
    return pid == 0 ? OptionalLong.empty() : OptionalLong.of(pid);
  }

  boolean handedOver() {
    return jobs.handedOver();
  }

  /** Completed when the command itself has ended, or was given up, or could not be started. */
  CompletableFuture<ProcessResult> leaderEnd() {
    return leaderEnd;
  }

  /**
   * Starts the command, on the calling thread: one that had to be woken for that would be late by
   * more than the start takes. What is given back is the rest of its life, for the owner's thread.
   *
   * @param refused what the start needs could not be had
   */
  Supplier<ProcessResult> start(Optional<StartFailure> refused) {
    emit(new ProcessEvent.Starting(spec.argv()));
    try {
      if (refused.isPresent()) {
        throw new StartException(refused.get());
      }
      spawn();
      return closingAll(this::live);
    } catch (StartException e) {
      streams.closeKept();
      return closingAll(() -> notStarted(e.failure()));
    } catch (RuntimeException | Error problem) {
      streams.closeKept();
      return closingAll(() -> broken(problem));
    } finally {
      streams.closeSources();
    }
  }

  private Supplier<ProcessResult> closingAll(Supplier<ProcessResult> life) {
    return () -> {
      try (wake;
          jobs) {
        jobs.take();
        return life.get();
      } finally {
        streams.pty().ifPresent(Pty::drain);
      }
    };
  }

  private void spawn() throws StartException {
    startedAt = now();
    startedNanos = System.nanoTime();
    CommandSpec marked = spec.withEnvironment(tree.marked(spec.environment()));
    var setting =
        new Spawner.Setting(jobs.toTake(), tree.limit(), streams.pty().isPresent(), streams.pty());
    List<Integer> sources = streams.sources();
    pid = containment.reaper().spawn(() -> Spawner.spawn(platform, marked, sources, setting));
    tree.begin(pid);
    jobs.begin(pid);
  }

  private ProcessResult notStarted(StartFailure failure) {
    jobs.notStarted();
    ProcessResult result = resultWithout(ExitReason.START_FAILED, Optional.of(failure), "");
    emit(new ProcessEvent.Exited(result));
    return result;
  }

  private void watchLeader() {
    int options = Platform.WAIT_EXITED | Platform.WAIT_STOPPED | Platform.WAIT_LEAVE;
    while (true) {
      switch (Libc.waitFor(platform, pid, options)) {
        case Libc.Waited.Nothing() -> {}
        case Libc.Waited.Stopped(int signal) -> {
          Libc.waitFor(platform, pid, Platform.WAIT_STOPPED | Platform.WAIT_NO_HANG);
          inbox.leaderStopped(signal);
        }
        case Libc.Waited.Ended how -> {
          inbox.leaderEnded(how);
          if (abandoned) {
            reap();
          }
          return;
        }
        case Libc.Waited.NoChild how -> {
          inbox.leaderEnded(how);
          return;
        }
      }
    }
  }

  private ProcessResult live() {
    try {
      emit(new ProcessEvent.Started(pid, pid));
      Thread.ofPlatform().daemon().name("process-waiter-" + pid).start(this::watchLeader);
      tree.enclose();
      return untilGone();
    } catch (RuntimeException | Error problem) {
      abandoned = true;
      Libc.kill(-pid, Signal.KILL.number());
      throw problem;
    }
  }

  private ProcessResult untilGone() {
    StopRules.State state = new StopRules.State.Running();
    while (true) {
      if (state instanceof StopRules.State.Ended(boolean empty)) {
        return finish(empty);
      }
      StopRules.Input input = nextInput(state);
      StopRules.Step step = StopRules.step(state, input, policy, System.nanoTime());
      step.effects().forEach(this::apply);
      state = step.next();
    }
  }

  private StopRules.Input nextInput(StopRules.State state) {
    while (true) {
      if (lookDue) {
        lookDue = false;
        look();
        boolean empty = look.isEmpty() && exited.isPresent();
        return empty ? StopRules.Input.TREE_EMPTY : StopRules.Input.TREE_ALIVE;
      }
      if (held.isPresent()) {
        StopRules.Input input = held.get();
        held = Optional.empty();
        return input;
      }
      // Before the messages, which could be many.
      if (isOver(state)) {
        return unlessLeaderEnded(StopRules.Input.DEADLINE_PASSED);
      }
      Optional<Inbox.Message> message = inbox.next();
      if (message.isEmpty()) {
        waitForChange(state);
        continue;
      }
      Optional<StopRules.Input> input = act(message.get(), state);
      if (input.isPresent()) {
        return unlessLeaderEnded(input.get());
      }
    }
  }

  private static boolean isOver(StopRules.State state) {
    return state instanceof StopRules.State.Timed timed
        && timed.deadline() - System.nanoTime() <= 0;
  }

  /** What the rules are to know; the rest is done here. */
  private Optional<StopRules.Input> act(Inbox.Message message, StopRules.State state) {
    boolean running = state instanceof StopRules.State.Running;
    return switch (message) {
      case Inbox.Message.Stop() -> Optional.of(StopRules.Input.STOP_ASKED);
      case Inbox.Message.Kill() -> Optional.of(StopRules.Input.KILL_ASKED);
      case Inbox.Message.LeaderEnded(Libc.Waited how) ->
          leaderEnded(how) ? Optional.of(StopRules.Input.LEADER_ENDED) : Optional.empty();
      case Inbox.Message.LeaderStopped(int signal) -> {
        if (running) {
          jobs.stopped(signal);
        }
        yield Optional.empty();
      }
      case Inbox.Message.Forward(Signal signal) -> {
        forward(signal, running);
        yield Optional.empty();
      }
    };
  }

  /**
   * The kernel decides whether the leader was alive when a signal was sent: it is asked just
   * before, and an end that it tells comes first.
   */
  private StopRules.Input unlessLeaderEnded(StopRules.Input input) {
    boolean sends =
        input == StopRules.Input.STOP_ASKED
            || input == StopRules.Input.KILL_ASKED
            || input == StopRules.Input.DEADLINE_PASSED;
    if (sends && exited.isEmpty()) {
      Libc.Waited how = Libc.waitFor(platform, pid, ENDED_NOW);
      if (!(how instanceof Libc.Waited.Nothing) && leaderEnded(how)) {
        held = Optional.of(input).filter(i -> i == StopRules.Input.KILL_ASKED);
        return StopRules.Input.LEADER_ENDED;
      }
    }
    return input;
  }

  /** False if that was known already. */
  private boolean leaderEnded(Libc.Waited how) {
    if (exited.isPresent()) {
      return false;
    }
    lookDue = true;
    // The result tells whether it had the terminal.
    jobs.hasTerminal();
    ProcessResult result;
    if (how instanceof Libc.Waited.Ended(ChildStatus status)) {
      result = resultOf(status);
    } else {
      statusLost = true;
      result =
          resultWithout(
              ExitReason.RUNTIME_ERROR,
              Optional.empty(),
              "its exit status was taken by another wait in this process");
    }
    jobs.ended(result.exitCode().isPresent());
    exited = Optional.of(result);
    emit(new ProcessEvent.Exited(result));
    return true;
  }

  private void forward(Signal signal, boolean running) {
    if (exited.isPresent() && look.living().isEmpty()) {
      return;
    }
    if (signal == Signal.CONT && running) {
      jobs.beforeContinuing();
    }
    send(signal);
    told(signal, ProcessEvent.Target.GROUP, ProcessEvent.Why.FORWARDED);
    if (spec.terminal() == TerminalUse.HAND_OVER) {
      switch (signal) {
        case TSTP -> jobs.toStop(running);
        case CONT -> jobs.continued();
        default -> {}
      }
    }
  }

  private void apply(StopRules.Effect effect) {
    switch (effect) {
      case ASK -> ask(stopWhy());
      case ASK_REST -> askOthers(stopWhy());
      case ASK_LEFTOVER -> askLeftover();
      case FREEZE -> freeze();
      case KILL -> kill();
    }
  }

  /** Nobody needs to have asked: what the leader left behind is stopped as well. */
  private ProcessEvent.Why stopWhy() {
    return inbox.stopWhy().orElse(ProcessEvent.Why.LEFTOVER);
  }

  private void ask(ProcessEvent.Why why) {
    asked |= exited.isEmpty();
    if (!tree.keepsNothing()) {
      look();
    }
    askGroup(why);
  }

  private void askLeftover() {
    if (!inGroup().isEmpty()) {
      askGroup(ProcessEvent.Why.LEFTOVER);
      // One that has left the group since the look was not reached, and is seen outside of it now.
      look();
      lookDue |= look.living().isEmpty();
    }
    askOthers(ProcessEvent.Why.LEFTOVER);
  }

  /** Each once. */
  private void askOthers(ProcessEvent.Why why) {
    List<ProcessTable.Entry> others = new ArrayList<>(outsideGroup());
    askedOnce.retainAll(look.living().stream().map(ProcessTable.Entry::identity).toList());
    others.removeIf(each -> !askedOnce.add(each.identity()));
    if (!others.isEmpty()) {
      tree.signal(others, policy.stopSignal());
      tree.signal(others, Signal.CONT);
      told(policy.stopSignal(), ProcessEvent.Target.DESCENDANTS, why);
    }
  }

  private void askGroup(ProcessEvent.Why why) {
    List<ProcessTable.Entry> group = inGroup();
    sendToGroup(policy.stopSignal(), group);
    boolean hangUp = streams.pty().isPresent() && HangUp.isNeeded(pid, policy.stopSignal());
    if (hangUp) {
      sendToGroup(Signal.HUP, group);
    }
    // A stopped process does not see the signal before it is continued.
    sendToGroup(Signal.CONT, group);
    told(policy.stopSignal(), ProcessEvent.Target.GROUP, why);
    if (hangUp) {
      told(Signal.HUP, ProcessEvent.Target.GROUP, why);
    }
  }

  private void freeze() {
    if (spareUntil.isEmpty()) {
      long time = (long) (policy.killWait().toNanos() * GUARDIANS_SHARE);
      spareUntil = OptionalLong.of(System.nanoTime() + time);
    }
    look();
    sendToGroup(Signal.STOP, inGroup());
    tree.signal(outsideGroup(), Signal.STOP);
  }

  private void kill() {
    look();
    List<ProcessTable.Entry> group = inGroup();
    List<ProcessTable.Entry> others = outsideGroup();
    boolean first = killed.isEmpty();
    boolean toGroup = exited.isEmpty() || !group.isEmpty();
    if (exited.isEmpty()) {
      killSent = true;
      killed.add(pid);
    }
    group.forEach(each -> killed.add(each.pid()));
    others.forEach(each -> killed.add(each.pid()));
    if (look.kept().isEmpty() && look.living().stream().noneMatch(this::isSpared)) {
      tree.killAtOnce();
    }
    if (toGroup) {
      sendToGroup(Signal.KILL, group);
    }
    tree.signal(others, Signal.KILL);
    tree.killAdopted(killed, this::isSpared);
    if (first && toGroup) {
      told(Signal.KILL, ProcessEvent.Target.GROUP, ProcessEvent.Why.ESCALATION);
    }
    if (first && !others.isEmpty()) {
      told(Signal.KILL, ProcessEvent.Target.DESCENDANTS, ProcessEvent.Why.ESCALATION);
    }
  }

  private void told(Signal signal, ProcessEvent.Target target, ProcessEvent.Why why) {
    emit(new ProcessEvent.Signaled(signal, target, why));
  }

  private void look() {
    look = tree.look(!statusLost);
    guardianSessions =
        look.living().stream()
            .filter(Guardian::is)
            .map(ProcessTable.Entry::session)
            .collect(Collectors.toSet());
  }

  /**
   * The guardian of a session within this one, and what that runs, in a session of its own, end by
   * themselves once their owner is dead, and they have removed what that left. They have no other
   * way to be told than that, and its time has a bound.
   */
  private boolean isSpared(ProcessTable.Entry each) {
    return (guardianSessions.contains(each.session()) || Guardian.is(each))
        && (spareUntil.isEmpty() || spareUntil.getAsLong() - System.nanoTime() > 0);
  }

  private List<ProcessTable.Entry> inGroup() {
    return look.living().stream().filter(each -> each.group() == pid).toList();
  }

  /** Those that are to be signalled. */
  private List<ProcessTable.Entry> outsideGroup() {
    return look.living().stream().filter(each -> each.group() != pid && !isSpared(each)).toList();
  }

  /** To the members of the group that were seen, if it has one that is to be spared. */
  private void sendToGroup(Signal signal, List<ProcessTable.Entry> seen) {
    if (look.kept().stream().anyMatch(each -> each.group() == pid)) {
      tree.signal(seen, signal);
    } else {
      send(signal);
    }
  }

  private void send(Signal signal) {
    // Without the leader's zombie only a member seen just now proves that the number is ours.
    if (statusLost) {
      tree.signal(inGroup(), signal);
      return;
    }
    Libc.kill(-pid, signal.number());
    if (exited.isEmpty() && Libc.groupOf(pid) != pid) {
      // The leader has moved to another group of its session (setpgid(2)).
      Libc.kill(pid, signal.number());
    }
  }

  /** Returns when there may be something new: a message, a member's end, the deadline. */
  private void waitForChange(StopRules.State state) {
    List<Libc.Interest> interests = new ArrayList<>();
    interests.add(wake.interest());
    try {
      if (exited.isPresent()) {
        watchMembers(interests);
        if (lookDue) {
          return;
        }
      }
      boolean killing = state instanceof StopRules.State.Killing;
      boolean blind = killing || (exited.isPresent() && interests.size() == 1);
      boolean[] ready = Libc.poll(interests.toArray(Libc.Interest[]::new), millis(state, blind));
      if (ready[0]) {
        wake.reset();
      }
      for (int i = 1; i < ready.length; i++) {
        lookDue |= ready[i];
      }
      lookDue |= blind;
    } finally {
      interests.stream().skip(1).forEach(each -> Libc.close(each.descriptor()));
    }
  }

  /** A pid may be another's by now: it is looked at again once the descriptor holds it. */
  private void watchMembers(List<Libc.Interest> interests) {
    List<ProcessTable.Entry> members = look.living();
    for (ProcessTable.Entry member : members.subList(0, Math.min(WATCHED, members.size()))) {
      int descriptor = Libc.pidDescriptor(member.pid());
      if (descriptor >= 0) {
        interests.add(new Libc.Interest(descriptor, Platform.POLL_IN));
      }
      if (descriptor == -Errno.ESRCH || !isStill(member)) {
        lookDue = true;
        return;
      }
    }
  }

  private static boolean isStill(ProcessTable.Entry member) {
    return ProcessTable.of(member.pid())
        .filter(now -> now.start() == member.start() && now.isAlive())
        .isPresent();
  }

  private static int millis(StopRules.State state, boolean blind) {
    long limit = blind ? BETWEEN_LOOKS.toMillis() : Integer.MAX_VALUE;
    if (state instanceof StopRules.State.Timed timed) {
      long nanos = timed.deadline() - System.nanoTime();
      return (int) Math.clamp(Math.ceilDiv(nanos, 1_000_000), 0, limit);
    }
    return blind ? (int) limit : -1;
  }

  private ProcessResult finish(boolean empty) {
    List<Survivor> survivors = empty ? List.of() : survivors();
    if (exited.isEmpty()) {
      // The look took its time.
      Libc.Waited how = Libc.waitFor(platform, pid, ENDED_NOW);
      if (!(how instanceof Libc.Waited.Nothing) && leaderEnded(how)) {
        survivors = survivors.stream().filter(each -> each.pid() != pid).toList();
      }
    }
    if (exited.isEmpty()) {
      exited =
          Optional.of(
              resultWithout(
                  ExitReason.RUNTIME_ERROR, Optional.empty(), "KILL did not end it: " + survivors));
      emit(new ProcessEvent.Exited(exited.get()));
      // It may end yet: then the watcher reaps it, or has just left that to us.
      abandoned = true;
      if (inbox.next().filter(Inbox.Message.LeaderEnded.class::isInstance).isPresent()) {
        reap();
      }
    } else if (statusLost) {
      tree.end();
    } else {
      reap();
    }
    List<Survivor> kept = named(look.kept());
    emit(new ProcessEvent.TreeGone(List.copyOf(killed), survivors, kept));
    return exited.get().withTree(List.copyOf(killed), survivors, kept, listenerFailure);
  }

  private void reap() {
    if (reaped.compareAndSet(false, true)) {
      Libc.waitFor(platform, pid, Platform.WAIT_EXITED | Platform.WAIT_NO_HANG);
      tree.end();
    }
  }

  private List<Survivor> survivors() {
    look();
    return named(look.living());
  }

  private static List<Survivor> named(List<ProcessTable.Entry> processes) {
    return processes.stream()
        .map(each -> new Survivor(each.pid(), each.name(), each.state()))
        .toList();
  }

  private ProcessResult resultOf(ChildStatus status) {
    EndRules.End end = EndRules.of(status, asked, killSent, policy.stopSignal());
    return new ProcessResult(
        end.reason(),
        end.code(),
        end.signal(),
        end.requested(),
        status.coreDumped(),
        jobs.handedOver(),
        pid(),
        startedAt,
        now(),
        Duration.ofNanos(System.nanoTime() - startedNanos),
        Duration.of(status.userMicros(), ChronoUnit.MICROS),
        Duration.of(status.systemMicros(), ChronoUnit.MICROS),
        maxRss(status),
        Optional.empty(),
        Optional.empty(),
        List.of(),
        List.of(),
        List.of());
  }

  /**
   * A child of posix_spawn shares our memory until its exec, and the kernel counts the peak of that
   * as the child's (setmax_mm_hiwater_rss): only what is above it is known to be its own.
   */
  private static OptionalLong maxRss(ChildStatus status) {
    OptionalLong own = ProcessTable.ownPeakKib();
    return own.isPresent() && status.maxRssKib() > own.getAsLong()
        ? OptionalLong.of(status.maxRssKib())
        : OptionalLong.empty();
  }

  /** A result without a status of the kernel. An empty error is none. */
  private ProcessResult resultWithout(
      ExitReason reason, Optional<StartFailure> failure, String error) {
    return new ProcessResult(
        reason,
        OptionalInt.empty(),
        OptionalInt.empty(),
        asked || killSent,
        false,
        jobs.handedOver(),
        pid(),
        startedAt,
        now(),
        Duration.ofNanos(System.nanoTime() - startedNanos),
        Duration.ZERO,
        Duration.ZERO,
        OptionalLong.empty(),
        failure,
        Optional.of(error).filter(text -> !text.isEmpty()),
        List.of(),
        List.of(),
        List.of());
  }

  /** The result after a failure of this class itself; the guardian ends what is left. */
  ProcessResult broken(Throwable problem) {
    containment.reaper().abandon();
    ProcessResult lost =
        resultWithout(ExitReason.RUNTIME_ERROR, Optional.empty(), String.valueOf(problem));
    if (exited.isEmpty()) {
      emit(new ProcessEvent.Exited(lost));
    }
    emit(new ProcessEvent.TreeGone(List.copyOf(killed), List.of(), List.of()));
    return lost.withTree(List.copyOf(killed), List.of(), List.of(), Optional.empty());
  }

  /** A listener that fails is told in the result; the process is owned all the same. */
  private void emit(ProcessEvent event) {
    if (event instanceof ProcessEvent.Exited(var result)) {
      leaderEnd.complete(result);
    }
    try {
      events.accept(event);
    } catch (RuntimeException e) {
      listenerFailure = listenerFailure.or(() -> Optional.of("a listener failed: " + e));
    }
  }

  private static Instant now() {
    return Instant.now();
  }
}
