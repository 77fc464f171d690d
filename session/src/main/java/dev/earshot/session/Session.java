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
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
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
  private static final int RUN = 1;
  private static final Duration LONGEST = Duration.ofDays(3650);

  /** What the owner thread is told. */
  private sealed interface Input {
    record StopAsked(StopCause cause) implements Input {}

    record KillAsked() implements Input {}

    record CommandStarted() implements Input {}

    record ProcessEnded(ProcessResult result) implements Input {}

    record ProxyEnded(ProxyEnd end) implements Input {}
  }

  private final String id;
  private final SessionPlan plan;
  private final EventLog log;
  private final Cancellation scope = Cancellation.root();
  private final LinkedBlockingQueue<Input> inbox = new LinkedBlockingQueue<>();
  private final CompletableFuture<SessionResult> end = new CompletableFuture<>();
  private final LongAdder exchanges = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private volatile @Nullable ProcessController process;
  private volatile StopClock stopClock = StopClock.NOTHING_YET; // written by the process's thread
  private @Nullable ProxyEnd proxyEnd; // the owner thread's
  private boolean announced; // the owner thread's
  private long deadline = System.nanoTime() + LONGEST.toNanos(); // the owner thread's

  private Session(SessionPlan plan, EventLog log) {
    this.id = SessionId.next(Instant.now());
    this.plan = plan;
    this.log = log;
  }

  /**
   * Starts a session and returns at once. A start that fails is a result, not an exception.
   *
   * @param log gets every event; subscribe before this call to miss none
   * @param parent cancelling it stops the session
   */
  public static Session start(SessionPlan plan, EventLog log, Cancellation parent) {
    var session = new Session(plan, log);
    session.scope.onCancel(cause -> session.inbox.add(new Input.StopAsked(cause)));
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

  /** Kills what is left of the process tree now, and cuts what the proxy still serves. */
  public void killNow() {
    scope.cancel(StopCause.API);
    inbox.add(new Input.KillAsked());
  }

  /** Passes a signal to the command's process group; harmless when there is none. */
  public void signal(Signal signal) {
    ProcessController running = process;
    if (running != null) {
      running.signal(signal);
    }
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
    log.publish(new SessionEvent.Stopped(result));
    end.complete(result);
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
      var material = SessionMaterial.prepare(id, plan, log::publish);
      Ending ending;
      long flushing;
      try (material) {
        ending = serve(material);
        flushing = System.nanoTime();
      }
      return result(ending, Duration.ofNanos(System.nanoTime() - flushing));
    } catch (PreparationException e) {
      failed(e);
      return result(Ending.failed(e.problem()), Duration.ZERO);
    }
  }

  /** From the opening of the proxy to its close. */
  private Ending serve(SessionMaterial material) throws InterruptedException {
    log.publish(new SessionEvent.ProxyStarting(plan.traffic().bind()));
    ProxyController proxy;
    try {
      proxy = ProxyController.start(material.proxyPlan(this::ownedGroups), this::onTraffic);
    } catch (ProxyStartException e) {
      String problem = String.valueOf(e.getMessage());
      log.publish(new SessionEvent.ProxyStopped(0, Optional.of(problem)));
      announce(StopCause.PROXY_FAILED);
      return Ending.failed(problem);
    }
    try (proxy) {
      proxy.onEnd().thenAccept(how -> inbox.add(new Input.ProxyEnded(how)));
      log.publish(new SessionEvent.ProxyStarted(proxy.address()));
      material.record().proxyListens(proxy.address());
      try {
        Optional<ProcessResult> ended = run(material, proxy.address());
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

  /** Runs the command until its tree is gone; empty if a stop came before it was started. */
  private Optional<ProcessResult> run(SessionMaterial material, InetSocketAddress proxy)
      throws InterruptedException, PreparationException {
    if (scope.cause().isPresent()) {
      announce(StopCause.API);
      return Optional.empty();
    }
    var layers = material.containment().layers().stream().map(Containment.Layer::wireName).toList();
    var started = new SessionEvent.Started(proxy, material.certificateFile(), layers);
    try (var controller =
        ProcessController.start(
            material.containment(),
            material.command(proxy),
            plan.stop(),
            event -> {
              material.record().process(RUN, event);
              onProcess(event, started);
            })) {
      process = controller;
      Thread.ofVirtual().name("earshot-process-end").start(() -> reportEnd(controller));
      return Optional.of(supervise(controller));
    }
  }

  private void reportEnd(ProcessController controller) {
    try {
      inbox.add(new Input.ProcessEnded(controller.await()));
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts this thread", e);
    }
  }

  private ProcessResult supervise(ProcessController controller) throws InterruptedException {
    while (true) {
      switch (next()) {
        case Input.StopAsked(var cause) -> {
          // An end by itself is announced once the tree is gone; a stop before it begins.
          if (!isEndByItself(cause)) {
            announce(cause);
            controller.stop();
          }
        }
        case Input.KillAsked() -> controller.killNow();
        // The time of a run is that of its command.
        case Input.CommandStarted() ->
            deadline = System.nanoTime() + plan.timeout().orElse(LONGEST).toNanos();
        case Input.ProxyEnded(var how) -> onProxyEnd(how);
        case Input.ProcessEnded(var result) -> {
          if (result.reason() == ExitReason.RUNTIME_ERROR) {
            String problem = "lost the command: " + result.error().orElse("unknown");
            log.publish(new SessionEvent.Fatal("runtime_error", problem, Optional.empty()));
          }
          announce(StopCause.PROCESS_EXITED);
          return result;
        }
      }
    }
  }

  /** Closes the proxy in order, or takes note that it has failed before. */
  private Ending drain(ProxyController proxy, Optional<ProcessResult> ended, Duration patience)
      throws InterruptedException {
    long start = System.nanoTime();
    proxy.stop(patience);
    while (proxyEnd == null) {
      switch (next()) {
        case Input.ProxyEnded(var how) -> proxyEnd = how;
        case Input.KillAsked() -> proxy.stop(Duration.ZERO);
        case Input.StopAsked _, Input.CommandStarted _, Input.ProcessEnded _ -> {
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

  /** The next input; the time-out of the whole run is one. */
  private Input next() throws InterruptedException {
    while (true) {
      Input input =
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

  /** On the process's owner thread. */
  private void onProcess(ProcessEvent event, SessionEvent.Started started) {
    stopClock = stopClock.after(event, System.nanoTime());
    if (event instanceof ProcessEvent.Started) {
      log.publish(new SessionEvent.Command(RUN, event));
      // A session that was asked to stop while it started is never told to have started.
      if (scope.cause().isEmpty()) {
        log.publish(started);
      }
      inbox.add(new Input.CommandStarted());
      return;
    }
    if (event instanceof ProcessEvent.Exited(var result)) {
      scope.cancel(
          switch (result.reason()) {
            case START_FAILED, RUNTIME_ERROR -> StopCause.PROCESS_FAILED;
            case NATURAL, SIGNAL, FORCED_KILL -> StopCause.PROCESS_EXITED;
          });
    }
    log.publish(new SessionEvent.Command(RUN, event));
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
    log.publish(new SessionEvent.Traffic(RUN, event));
  }

  /** The process groups whose processes are the session's own. */
  private List<Long> ownedGroups() {
    ProcessController running = process;
    return running == null || running.pid().isEmpty()
        ? List.of()
        : List.of(running.pid().getAsLong());
  }

  private SessionResult result(Ending ending, Duration flush) {
    StopClock clock = stopClock;
    StopCause cause = scope.cause().orElse(StopCause.PROXY_FAILED);
    int killed = ending.process().map(p -> p.killed().size()).orElse(0);
    return new SessionResult(
        cause,
        ending.process(),
        ExitStatus.of(cause, ending.process(), ending.failure().isPresent()),
        exchanges.sum(),
        failed.sum(),
        log.dropped(),
        new SessionResult.Forced(killed, ending.forcedConnections()),
        new SessionResult.Phases(
            clock.terminate(), clock.waitTree(), clock.kill(), ending.drain(), flush),
        ending.failure());
  }

  /** What the parts said at their ends. */
  private record Ending(
      Optional<ProcessResult> process,
      int forcedConnections,
      Optional<String> failure,
      Duration drain) {

    /** The same end, because something of ours failed. */
    Ending because(String problem) {
      return new Ending(process, forcedConnections, Optional.of(problem), drain);
    }

    /** An end because something of ours failed. */
    static Ending failed(String problem) {
      return new Ending(Optional.empty(), 0, Optional.of(problem), Duration.ZERO);
    }
  }
}
