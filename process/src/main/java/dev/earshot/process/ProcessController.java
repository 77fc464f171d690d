package dev.earshot.process;

import dev.earshot.process.ProcessEvent.Target;
import dev.earshot.process.ProcessEvent.Why;
import dev.earshot.process.posix.Posix;
import dev.earshot.process.posix.Posix.Status;
import dev.earshot.process.posix.Posix.Usage;
import dev.earshot.process.posix.Posix.Waited;
import dev.earshot.process.posix.Spawn;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Owns one command, which it starts as the leader of a process group, until that whole group is
 * gone. Thread-safe: one owner thread steps {@link StopRules} and does what they say; one more waits
 * for the kernel.
 *
 * <p>The leader is not reaped before its group is empty, so that the group's number cannot become
 * somebody else's while signals are sent to it.
 */
public final class ProcessController implements AutoCloseable {
  /** Members that join the group between two looks are found after at most this long. */
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(50);

  /** What the owner thread is told. */
  private sealed interface Message {
    record Rule(StopRules.Input input) implements Message {}

    record Forward(Signal signal) implements Message {}

    record LeaderStopped(int signal) implements Message {}

    record LeaderEnded(Waited how) implements Message {}
  }

  private final Posix posix;
  private final CommandSpec spec;
  private final StopPolicy policy;
  private final Consumer<ProcessEvent> events;
  private final ChildStreams streams;
  private final LinkedBlockingQueue<Message> inbox = new LinkedBlockingQueue<>();
  private final CompletableFuture<ProcessResult> end = new CompletableFuture<>();
  private final Instant startedAt = Instant.now();
  private final long startedNanos = System.nanoTime();
  private volatile OptionalLong pid = OptionalLong.empty();
  private volatile boolean handedOver;
  private volatile boolean abandoned;

  // The owner thread's own.
  private final Set<Long> killed = new LinkedHashSet<>();
  private Optional<Foreground> foreground = Optional.empty();
  private Optional<ProcessResult> exited = Optional.empty();
  private boolean stopReachedLeader;
  private boolean killReachedLeader;
  private boolean leaderHeld;
  private boolean killAnnounced;

  private ProcessController(
      Posix posix,
      CommandSpec spec,
      StopPolicy policy,
      Consumer<ProcessEvent> events,
      ChildStreams streams) {
    this.posix = posix;
    this.spec = spec;
    this.policy = policy;
    this.events = events;
    this.streams = streams;
  }

  /** Starts a command of which only the result is wanted. */
  public static ProcessController start(CommandSpec spec, StopPolicy policy) {
    return start(spec, policy, event -> {});
  }

  /**
   * Starts a command and returns at once. A start that fails is a result, not an exception.
   *
   * @param events is called on the owner thread, in order, and must not block
   * @throws UnsupportedOperationException if this is not Linux with glibc 2.34 or newer
   */
  public static ProcessController start(
      CommandSpec spec, StopPolicy policy, Consumer<ProcessEvent> events) {
    if (!System.getProperty("os.name").equals("Linux")) {
      throw new UnsupportedOperationException("processes can be owned on Linux only so far");
    }
    Posix posix = Posix.SYSTEM;
    // Whoever started this process may ignore CHLD; the kernel would keep no status for us then.
    posix.setDefault(Signal.CHLD.number());
    var controller =
        new ProcessController(posix, spec, policy, events, ChildStreams.open(posix, spec.stdio()));
    Thread.ofPlatform().name("earshot-process").start(controller::own);
    return controller;
  }

  /** Asks the command to stop; asking again changes nothing. Never blocks, harmless after the end. */
  public void stop() {
    tell(new StopRules.Input.StopAsked());
  }

  /** Kills the whole group now. Never blocks, harmless after the end. */
  public void killNow() {
    tell(new StopRules.Input.KillAsked());
  }

  /**
   * Passes a signal on to the group, if the command still lives. CONT also gives the terminal back
   * to a command that was stopped, if it is this process that has it.
   */
  public void signal(Signal signal) {
    inbox.add(new Message.Forward(signal));
  }

  /** The command's process id, which is its group's, too; empty before its start. */
  public OptionalLong pid() {
    return pid;
  }

  /** Whether the command has the terminal now. */
  public boolean handedOver() {
    return handedOver;
  }

  /** The writing end of the command's stdin, if that is a pipe. */
  public Optional<OutputStream> stdin() {
    return streams.stdin();
  }

  /** The reading end of the command's stdout, if that is a pipe. */
  public Optional<InputStream> stdout() {
    return streams.stdout();
  }

  /** The reading end of the command's stderr, if that is a pipe. */
  public Optional<InputStream> stderr() {
    return streams.stderr();
  }

  /** How it ended; empty while the group is not gone. */
  public Optional<ProcessResult> result() {
    return Optional.ofNullable(end.getNow(null));
  }

  /**
   * Waits until the whole group is gone, for any number of callers, before or after that.
   * Interrupting a caller ends its waiting and nothing else.
   */
  public ProcessResult await() throws InterruptedException {
    try {
      return end.get();
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** Waits for at most this time; empty if the group is not gone by then. */
  public Optional<ProcessResult> await(Duration patience) throws InterruptedException {
    try {
      return Optional.of(end.get(patience.toNanos(), TimeUnit.NANOSECONDS));
    } catch (TimeoutException notYet) {
      return Optional.empty();
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** Stops the command, waits for its end and closes the pipes; an interrupt is kept. */
  @Override
  public void close() {
    stop();
    boolean interrupted = false;
    while (true) {
      try {
        await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    streams.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void tell(StopRules.Input input) {
    inbox.add(new Message.Rule(input));
  }

  /** The whole life of the command, on the owner thread. */
  private void own() {
    ProcessResult result;
    try {
      events.accept(new ProcessEvent.Starting(spec.argv()));
      foreground =
          spec.terminal() == TerminalUse.HAND_OVER ? Foreground.open(posix) : Optional.empty();
      result =
          switch (begin()) {
            case Start.Started.Failed(var why) -> notStarted(why);
            case Start.Started.Running(long leader) -> live(leader);
          };
    } catch (RuntimeException | Error | InterruptedException broken) {
      result = lost("internal error: " + broken);
      abandoned = true;
      pid.ifPresent(leader -> new ProcessGroup(posix, leader).signalEach(Signal.KILL));
    } finally {
      foreground.ifPresent(Foreground::close);
    }
    end.complete(result);
  }

  private Start.Started begin() {
    boolean give = foreground.isPresent() && foreground.get().shouldHandOver();
    boolean before = give && Spawn.canHandOver(posix);
    foreground.filter(_ -> give).ifPresent(Foreground::rememberOurModes);
    Optional<Integer> terminal = foreground.filter(_ -> before).map(Foreground::descriptor);
    var started = new Start(posix, spec).run(streams.ofChild(), terminal);
    streams.closeOfChild();
    switch (started) {
      case Start.Started.Running(long leader) -> {
        pid = OptionalLong.of(leader);
        leaderHeld = true;
        handedOver = give;
        if (give && !before) {
          handOver(leader);
        }
      }
      case Start.Started.Failed _ -> {
        // Whatever was done to the terminal before the start failed is undone.
        foreground.filter(_ -> give).ifPresent(terminalOf -> terminalOf.takeBack(false));
      }
    }
    return started;
  }

  private ProcessResult notStarted(StartFailure why) {
    ProcessResult result =
        result(
            ExitReason.START_FAILED,
            OptionalInt.empty(),
            Optional.empty(),
            false,
            Usage.UNKNOWN,
            Optional.of(why),
            Optional.of(why.problem()));
    events.accept(new ProcessEvent.Exited(result));
    return result;
  }

  private ProcessResult live(long leader) throws InterruptedException {
    events.accept(new ProcessEvent.Started(leader, leader));
    var group = new ProcessGroup(posix, leader);
    var watcher =
        Thread.ofPlatform()
            .daemon()
            .name("earshot-process-watch")
            .start(() -> watch(leader, group));
    StopRules.State state = new StopRules.State.Running();
    while (!(state instanceof StopRules.State.Ended)) {
      state = step(state, next(state), group);
    }
    abandoned = true;
    List<Survivor> survivors =
        group.alive().stream().map(m -> new Survivor(m.pid(), m.name(), m.state())).toList();
    if (exited.isEmpty()) {
      leaderEnded(lost("it could not be ended: it does not react to KILL"));
    } else {
      watcher.join();
      if (leaderHeld) {
        posix.reap(leader);
      }
    }
    events.accept(new ProcessEvent.TreeGone(List.copyOf(killed), survivors));
    return exited.orElseThrow().afterGroup(List.copyOf(killed), survivors);
  }

  private StopRules.State step(StopRules.State state, Message message, ProcessGroup group) {
    switch (message) {
      case Message.Forward(var signal) -> forward(signal, group);
      case Message.LeaderStopped(int signal) -> leaderStopped(signal);
      case Message.LeaderEnded(var how) -> leaderEnded(how);
      case Message.Rule(var input) -> {
        StopRules.Step step = StopRules.step(state, input, policy, System.nanoTime());
        step.actions().forEach(action -> act(action, group));
        return step.next();
      }
    }
    return state;
  }

  private Message next(StopRules.State state) throws InterruptedException {
    if (!(state instanceof StopRules.Timed timed)) {
      return inbox.take();
    }
    Message message = inbox.poll(timed.deadline() - System.nanoTime(), TimeUnit.NANOSECONDS);
    return message != null ? message : new Message.Rule(new StopRules.Input.DeadlinePassed());
  }

  private void act(StopRules.Action action, ProcessGroup group) {
    switch (action) {
      case StopRules.Action.Terminate(var why) -> {
        stopReachedLeader |= leaderLives() && why == Why.STOP;
        send(policy.stopSignal(), group);
        // One that is stopped would not see it before it goes on.
        send(Signal.CONT, group);
        events.accept(new ProcessEvent.Signaled(policy.stopSignal(), Target.GROUP, why));
      }
      case StopRules.Action.Kill() -> {
        boolean lives = leaderLives();
        killReachedLeader |= lives;
        stopReachedLeader |= lives;
        group.alive().forEach(member -> killed.add(member.pid()));
        send(Signal.KILL, group);
        if (!killAnnounced) {
          killAnnounced = true;
          events.accept(
              new ProcessEvent.Signaled(Signal.KILL, Target.GROUP, Why.ESCALATION));
        }
      }
    }
  }

  private void forward(Signal signal, ProcessGroup group) {
    if (!leaderLives()) {
      return;
    }
    if (signal == Signal.CONT
        && !handedOver
        && foreground.filter(Foreground::shouldHandOver).isPresent()) {
      handOver(pid.orElseThrow());
    }
    send(signal, group);
    events.accept(new ProcessEvent.Signaled(signal, Target.GROUP, Why.FORWARDED));
  }

  private void handOver(long leader) {
    foreground.ifPresent(terminal -> terminal.handOver(leader));
    handedOver = true;
    posix.kill(-leader, Signal.CONT.number());
  }

  /** Job control: what a shell does when its foreground job stops. */
  private void leaderStopped(int signal) {
    if (foreground.isEmpty()) {
      return;
    }
    Foreground terminal = foreground.get();
    if (handedOver) {
      handedOver = false;
      terminal.takeBackFromStopped();
      if (!terminal.stopOurJob()) {
        handOver(pid.orElseThrow());
      }
    } else if ((signal == Signal.TTIN.number() || signal == Signal.TTOU.number())
        && terminal.isOurs()) {
      // It needs the terminal after all, and we have it.
      handOver(pid.orElseThrow());
    }
  }

  private boolean leaderLives() {
    return leaderHeld
        && exited.isEmpty()
        && posix.peekEnd(pid.orElseThrow()) instanceof Status.Running;
  }

  private void send(Signal signal, ProcessGroup group) {
    if (leaderHeld) {
      group.signal(signal);
    } else {
      group.signalEach(signal);
    }
  }

  private void leaderEnded(Waited how) {
    leaderEnded(
        switch (how.status()) {
          case Status.Exited(int code) -> exitedWith(code, how.usage());
          case Status.Killed(int signal, boolean core) -> killedBy(signal, core, how.usage());
          case Status.Gone _ -> {
            leaderHeld = false;
            yield lost("its exit status was taken by another waiter in this process");
          }
          case Status.Stopped _, Status.Continued _, Status.Running _ ->
              throw new IllegalStateException("not an end: " + how);
        });
  }

  private void leaderEnded(ProcessResult result) {
    exited = Optional.of(result);
    if (handedOver) {
      boolean restore = result.exitCode().isEmpty();
      foreground.ifPresent(terminal -> terminal.takeBack(restore));
      handedOver = false;
    }
    events.accept(new ProcessEvent.Exited(result));
  }

  private ProcessResult exitedWith(int code, Usage usage) {
    return result(
        stopReachedLeader ? ExitReason.SIGNAL : ExitReason.NATURAL,
        OptionalInt.of(code),
        stopReachedLeader ? Optional.of(policy.stopSignal()) : Optional.empty(),
        false,
        usage,
        Optional.empty(),
        Optional.empty());
  }

  private ProcessResult killedBy(int signal, boolean core, Usage usage) {
    boolean ours = killReachedLeader && signal == Signal.KILL.number();
    return result(
        ours ? ExitReason.FORCED_KILL : ExitReason.SIGNAL,
        OptionalInt.empty(),
        Signal.ofNumber(signal),
        core,
        usage,
        Optional.empty(),
        Optional.empty());
  }

  private ProcessResult lost(String error) {
    return result(
        ExitReason.RUNTIME_ERROR,
        OptionalInt.empty(),
        Optional.empty(),
        false,
        Usage.UNKNOWN,
        Optional.empty(),
        Optional.of(error));
  }

  private ProcessResult result(
      ExitReason reason,
      OptionalInt code,
      Optional<Signal> signal,
      boolean core,
      Usage usage,
      Optional<StartFailure> startFailure,
      Optional<String> error) {
    return new ProcessResult(
        reason,
        code,
        signal,
        stopReachedLeader,
        core,
        handedOver,
        pid,
        startedAt,
        Instant.now(),
        Duration.ofNanos(System.nanoTime() - startedNanos),
        usage.user(),
        usage.system(),
        usage.maxRssKib(),
        startFailure,
        error,
        new ArrayList<>(killed),
        List.of());
  }

  /** Waits for the kernel: for the leader, then for what is left of its group. */
  private void watch(long leader, ProcessGroup group) {
    while (true) {
      Waited waited = posix.awaitChange(leader);
      switch (waited.status()) {
        case Status.Stopped(int signal) -> {
          posix.consumeStop(leader);
          inbox.add(new Message.LeaderStopped(signal));
        }
        case Status.Continued _ -> posix.consumeStop(leader);
        case Status.Exited _, Status.Killed _, Status.Gone _ -> {
          inbox.add(new Message.LeaderEnded(waited));
          watchGroup(group);
          return;
        }
        case Status.Running _ -> throw new IllegalStateException("woken for nothing");
      }
    }
  }

  private void watchGroup(ProcessGroup group) {
    while (!abandoned) {
      List<ProcessGroup.Member> members = group.alive();
      if (members.isEmpty()) {
        tell(new StopRules.Input.GroupEmpty());
        return;
      }
      tell(new StopRules.Input.LeftBehind());
      group.awaitChange(members, BETWEEN_LOOKS);
    }
  }
}
