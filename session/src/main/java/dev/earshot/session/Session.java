package dev.earshot.session;

import dev.earshot.exchange.TrafficEvent;
import dev.earshot.process.CommandSpec;
import dev.earshot.process.Containment;
import dev.earshot.process.ExitReason;
import dev.earshot.process.ProcessController;
import dev.earshot.process.ProcessEvent;
import dev.earshot.process.ProcessResult;
import dev.earshot.process.Signal;
import dev.earshot.proxy.ProxyController;
import dev.earshot.proxy.ProxyEnd;
import dev.earshot.proxy.ProxyStartException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * One owned session: a process tree behind a proxy of its own, which start together, report into
 * one event log, and end in a known order within known deadlines. Thread-safe.
 *
 * <p>{@link #stop} asks, {@link #await} waits. Whatever happens, {@link SessionEvent.Stopped} is
 * published once, as the last event, when nothing of the session is left.
 */
public final class Session implements AutoCloseable {
  private static final Duration LONGEST = Duration.ofDays(3650);

  private final String id;
  private final SessionPlan plan;
  private final EventLog log;
  private final PtyUser ptyUser;
  private final Capture capture;
  private final Cancellation scope = Cancellation.root();
  private final LinkedBlockingQueue<SessionInput> inbox = new LinkedBlockingQueue<>();
  private final CompletableFuture<SessionResult> end = new CompletableFuture<>();
  private final LongAdder exchanges = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final Runs runs;
  private @Nullable ProxyEnd proxyEnd; // the owner thread's
  private boolean announced; // the owner thread's
  private boolean captureClosed; // the owner thread's
  private long deadline = after(LONGEST); // the owner thread's

  private Session(SessionPlan plan, EventLog log, PtyUser ptyUser, Capture capture) {
    this.id = SessionId.next(Instant.now());
    this.plan = plan;
    this.log = log;
    this.runs = new Runs(plan, log, scope, inbox::add);
    this.ptyUser = ptyUser;
    this.capture = capture;
  }

  /**
   * Starts a session and returns at once. A start that fails is a result, not an exception.
   *
   * @param log gets every event; subscribe before this call to miss none
   * @param parent cancelling it stops the session
   */
  public static Session start(SessionPlan plan, EventLog log, Cancellation parent) {
    return start(plan, log, parent, PtyUser.NONE, Capture.NONE);
  }

  /**
   * The same for a command on a pseudo-terminal, or with a record.
   *
   * @param ptyUser reads and writes the pseudo-terminal
   * @param capture keeps the record, of this session alone
   */
  public static Session start(
      SessionPlan plan, EventLog log, Cancellation parent, PtyUser ptyUser, Capture capture) {
    var session = new Session(plan, log, ptyUser, capture);
    capture.begin(log::publish);
    log.recordTo(capture::event);
    session.scope.onCancel(cause -> session.inbox.add(new SessionInput.StopAsked(cause)));
    var registration = parent.onCancel(session.scope::cancel);
    Thread.ofPlatform()
        .name("earshot-session")
        .start(() -> {
          try (registration) {
            session.own();
          }
        });
    return session;
  }

  /** The session's id, unique on this machine. */
  public String id() {
    return id;
  }

  /**
   * Asks the session to stop; the first cause counts, asking again changes nothing. Never blocks,
   * and is harmless at any moment, also while starting and after the end.
   *
   * @return whether this call began the stop
   */
  public boolean stop(StopCause cause) {
    return scope.cancel(cause);
  }

  /**
   * Asks for the command to be run again: its tree is ended as in a stop, then the next run starts
   * behind the same proxy. Refused while the first run has not started, while a restart is under
   * way, and once the session is to stop; a stop that comes later wins over the restart. Never
   * blocks, and is harmless at any moment.
   */
  public RestartAnswer restart() {
    return runs.restart();
  }

  /**
   * Kills what is left of the process tree now, and cuts what the proxy still serves. It is a stop:
   * no further run begins.
   */
  public void killNow() {
    scope.cancel(StopCause.API);
    inbox.add(new SessionInput.KillAsked());
  }

  /** Passes a signal to the command's process group; harmless when there is none. */
  public void signal(Signal signal) {
    runs.signal(signal);
  }

  /**
   * Waits for the end, before or after it, for any number of callers. Interrupting a caller ends
   * its waiting, not the session.
   */
  public SessionResult await() throws InterruptedException {
    try {
      return end.get();
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** Waits for the end for at most this time; empty if it has not come. */
  public Optional<SessionResult> await(Duration patience) throws InterruptedException {
    try {
      return Optional.of(end.get(patience.toNanos(), TimeUnit.NANOSECONDS));
    } catch (TimeoutException notYet) {
      return Optional.empty();
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** Stops the session and waits for its end; an interrupt is kept for the caller. */
  @Override
  public void close() {
    stop(StopCause.API);
    boolean interrupted = false;
    while (true) {
      try {
        await();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** The whole life of the session, on its owner thread. */
  private void own() {
    SessionResult result;
    try {
      result = live();
    } catch (RuntimeException | Error | InterruptedException broken) {
      // A defect of ours; the parts were closed on the way out.
      String problem = "internal error: " + broken;
      log.publish(new SessionEvent.Fatal("internal", problem, Optional.empty()));
      announce(StopCause.PROXY_FAILED);
      result = result(Ending.failed(problem), Duration.ZERO);
    }
    closeCapture(result);
    log.publish(new SessionEvent.Stopped(result));
    end.complete(result);
  }

  /** Once, whichever way the session ends. */
  private void closeCapture(SessionResult result) {
    if (!captureClosed) {
      captureClosed = true;
      capture.finish(result).ifPresent(log::publish);
    }
  }

  private SessionResult live() throws InterruptedException {
    CommandSpec command = plan.command();
    log.publish(
        new SessionEvent.Starting(
            id,
            Version.TEXT,
            command.argv(),
            command.directory().orElse(System.getProperty("user.dir"))));
    try {
      boolean recorded = !(capture instanceof NoCapture);
      var material = SessionMaterial.prepare(id, plan, recorded, log::publish);
      if (capture instanceof NoCapture(var why) && material.certificateFile().isPresent()) {
        why.ifPresent(this::cannotRecord);
      }
      Ending ending;
      long flushing;
      try (material) {
        ending = serve(material);
        flushing = System.nanoTime();
        // While the session's folder still shows that it lives.
        closeCapture(result(ending, Duration.ZERO));
      }
      return result(ending, Duration.ofNanos(System.nanoTime() - flushing));
    } catch (PreparationException e) {
      failed(e);
      return result(Ending.failed(e.problem()), Duration.ZERO);
    }
  }

  private void cannotRecord(String why) {
    log.publish(
        new SessionEvent.Warning(
            "capture_off",
            "nothing is recorded: cannot write " + why,
            Optional.of("name a file with --capture, or use --no-capture")));
  }

  /** From the opening of the proxy to its close. */
  private Ending serve(SessionMaterial material) throws InterruptedException {
    log.publish(new SessionEvent.ProxyStarting(plan.traffic().bind()));
    ProxyController proxy;
    try {
      proxy =
          ProxyController.start(
              material.proxyPlan(runs::ownedGroups), new SessionTraffic(this::onTraffic, capture));
    } catch (ProxyStartException e) {
      String problem = String.valueOf(e.getMessage());
      log.publish(new SessionEvent.ProxyStopped(0, Optional.of(problem)));
      announce(StopCause.PROXY_FAILED);
      return Ending.failed(problem);
    }
    try (proxy) {
      // The scope goes with the session, so this need not be taken back.
      var _ = scope.onCancel(why -> ended(why, proxy));
      proxy.onEnd().thenAccept(how -> inbox.add(new SessionInput.ProxyEnded(how)));
      log.publish(new SessionEvent.ProxyStarted(proxy.address(), proxy.reverse()));
      material.record().proxyListens(proxy.address());
      try {
        Optional<ProcessResult> ended =
            run(material, new Listeners(proxy.address(), proxy.reverse()));
        boolean forced = ended.filter(r -> r.reason() == ExitReason.FORCED_KILL).isPresent();
        return drain(proxy, ended, forced ? Duration.ZERO : plan.traffic().drain());
      } catch (PreparationException e) {
        failed(e);
        return drain(proxy, Optional.empty(), Duration.ZERO).because(e.problem());
      }
    }
  }

  /** Tells that what the command needs could not be had. */
  private void failed(PreparationException e) {
    log.publish(new SessionEvent.Fatal("setup", e.problem(), Optional.empty()));
    announce(StopCause.PROXY_FAILED);
  }

  /** Runs the command as often as it is asked for; empty if a stop came before the first run. */
  private Optional<ProcessResult> run(SessionMaterial material, Listeners listeners)
      throws InterruptedException, PreparationException {
    Optional<ProcessResult> last = Optional.empty();
    if (scope.cause().isPresent()) {
      announce(StopCause.API);
      return last;
    }
    CommandSpec command = material.command(listeners);
    var layers = material.containment().layers().stream().map(Containment.Layer::wireName).toList();
    var started = new SessionEvent.Started(listeners.proxy(), material.certificateFile(), layers);
    while (true) {
      switch (runs.state()) {
        case RunRules.State.Launching(int run) -> {
          ProcessResult result = run(run, material, command, listeners, started);
          runs.ended(result);
          last = Optional.of(result);
        }
        case RunRules.State.Idle _ -> idle();
        case RunRules.State.Stopping _ -> {
          announce(StopCause.PROCESS_EXITED);
          return last;
        }
        case RunRules.State.Running _, RunRules.State.Lingering _, RunRules.State.Restarting _ ->
            throw new IllegalStateException("a run goes on that nobody watches");
      }
    }
  }

  /** Runs the command once, until its tree is gone. */
  private ProcessResult run(
      int run,
      SessionMaterial material,
      CommandSpec command,
      Listeners listeners,
      SessionEvent.Started started)
      throws InterruptedException {
    try (var controller = runs.launch(run, material, command, listeners, started)) {
      controller.pty().ifPresent(ptyUser::begin);
      Thread.ofVirtual().name("earshot-process-end").start(() -> reportEnd(controller));
      ProcessResult ended = supervise(run, controller);
      if (controller.pty().isPresent()) {
        ptyUser.end();
      }
      return ended;
    }
  }

  /** Waits for something to happen while there is no run: what is to be done, the runs know. */
  private void idle() throws InterruptedException {
    if (next() instanceof SessionInput.ProxyEnded(var how)) {
      onProxyEnd(how);
    }
  }

  private void reportEnd(ProcessController controller) {
    try {
      inbox.add(new SessionInput.ProcessEnded(controller.await()));
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts this thread", e);
    }
  }

  private ProcessResult supervise(int run, ProcessController controller)
      throws InterruptedException {
    while (true) {
      switch (next()) {
        case SessionInput.StopAsked(var cause) -> {
          // An end by itself is announced once the tree is gone; a stop before it begins.
          if (!isEndByItself(cause)) {
            announce(cause);
            controller.stop();
          }
        }
        case SessionInput.KillAsked() -> controller.killNow();
        case SessionInput.RestartAsked(int next) -> {
          // This may be the next run already: the one before can end while it is being asked for.
          if (next > run) {
            deadline = after(LONGEST);
            controller.stop(ProcessEvent.Why.RESTART);
          }
        }
        // The time of a run is that of its command.
        case SessionInput.CommandStarted() -> deadline = after(plan.timeout().orElse(LONGEST));
        case SessionInput.CommandExited() -> deadline = after(LONGEST);
        case SessionInput.ProxyEnded(var how) -> onProxyEnd(how);
        case SessionInput.ProcessEnded(var result) -> {
          if (result.reason() == ExitReason.RUNTIME_ERROR) {
            String problem = "lost the command: " + result.error().orElse("unknown");
            log.publish(new SessionEvent.Fatal("runtime_error", problem, Optional.empty()));
          }
          return result;
        }
      }
    }
  }

  /** Who ends by itself may have left for a reason of its own. */
  private static void ended(StopCause why, ProxyController proxy) {
    if (!why.equals(StopCause.PROCESS_EXITED)) {
      proxy.clientsAreEnded();
    }
  }

  /** Closes the proxy in order, or takes note that it has failed before. */
  private Ending drain(ProxyController proxy, Optional<ProcessResult> ended, Duration patience)
      throws InterruptedException {
    long start = System.nanoTime();
    proxy.stop(patience);
    while (proxyEnd == null) {
      switch (next()) {
        case SessionInput.ProxyEnded(var how) -> proxyEnd = how;
        case SessionInput.KillAsked() -> proxy.stop(Duration.ZERO);
        case SessionInput.StopAsked _,
            SessionInput.RestartAsked _,
            SessionInput.CommandStarted _,
            SessionInput.CommandExited _,
            SessionInput.ProcessEnded _ -> {
          // Nothing is left to be stopped but the proxy, which is.
        }
      }
    }
    ProxyEnd how = proxyEnd;
    Optional<String> error =
        how instanceof ProxyEnd.Failed f ? Optional.of(f.error()) : Optional.empty();
    log.publish(new SessionEvent.ProxyStopped(how.forcedConnections(), error));
    return new Ending(
        ended, how.forcedConnections(), error, Duration.ofNanos(System.nanoTime() - start));
  }

  private void onProxyEnd(ProxyEnd how) {
    proxyEnd = how;
    if (how instanceof ProxyEnd.Failed(var error, _)) {
      log.publish(
          new SessionEvent.Fatal("proxy_failed", "the proxy failed: " + error, Optional.empty()));
      scope.cancel(StopCause.PROXY_FAILED);
    }
  }

  private static long after(Duration time) {
    return System.nanoTime() + time.toNanos();
  }

  /** The next input; the time-out of the whole run is one. */
  private SessionInput next() throws InterruptedException {
    while (true) {
      SessionInput input =
          scope.cause().isPresent()
              ? inbox.take()
              : inbox.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (input != null) {
        return input;
      }
      scope.cancel(StopCause.TIMEOUT);
    }
  }

  /** Publishes why the session stops, once; the first cause given is the one. */
  private void announce(StopCause otherwise) {
    if (!announced) {
      announced = true;
      scope.cancel(otherwise);
      log.publish(new SessionEvent.Stopping(scope.cause().orElseThrow()));
    }
  }

  private static boolean isEndByItself(StopCause cause) {
    return cause.equals(StopCause.PROCESS_EXITED) || cause.equals(StopCause.PROCESS_FAILED);
  }

  /** On an event loop of the proxy's. */
  private void onTraffic(TrafficEvent event) {
    switch (event) {
      case TrafficEvent.ExchangeStarted _ -> exchanges.increment();
      case TrafficEvent.ExchangeFailed _ -> failed.increment();
      default -> {
        // Not counted.
      }
    }
    log.publish(new SessionEvent.Traffic(runs.of(event), event));
  }

  private SessionResult result(Ending ending, Duration flush) {
    StopClock clock = runs.stopClock();
    StopCause cause = scope.cause().orElse(StopCause.PROXY_FAILED);
    return new SessionResult(
        cause,
        ending.process(),
        ExitStatus.of(cause, ending.process(), ending.failure().isPresent()),
        exchanges.sum(),
        failed.sum(),
        runs.bypassed(),
        log.dropped(),
        new SessionResult.Forced(runs.killed(), ending.forcedConnections()),
        new SessionResult.Phases(
            clock.terminate(), clock.waitTree(), clock.kill(), ending.drain(), flush),
        ending.failure());
  }
}
