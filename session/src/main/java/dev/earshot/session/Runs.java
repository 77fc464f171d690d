package dev.earshot.session;

import dev.earshot.exchange.TrafficEvent;
import dev.earshot.process.CommandSpec;
import dev.earshot.process.ExitReason;
import dev.earshot.process.ProcessController;
import dev.earshot.process.ProcessEvent;
import dev.earshot.process.ProcessResult;
import dev.earshot.process.Signal;
import java.util.List;
import java.util.function.Consumer;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The runs of a session's command, one after the other: starts them, publishes what happens to
 * them, and remembers what {@link RunRules} say comes next. It holds the present run alone, however
 * many there were. Thread-safe, but {@link #launch} and {@link #ended} are for the session's owner
 * thread.
 */
final class Runs {
  private final SessionPlan plan;
  private final EventLog log;
  private final Cancellation scope;
  private final Consumer<SessionInput> owner;
  private final ExchangeRuns exchanges = new ExchangeRuns();
  private final ReentrantLock lock = new ReentrantLock();
  private RunRules.State state = new RunRules.State.Launching(1); // guarded by lock
  private volatile @Nullable ProcessController process; // none between the runs
  private volatile StopClock stopClock = StopClock.NOTHING_YET; // written by the process's thread
  private volatile @Nullable BypassWatch watch; // begun by the process's thread
  private Bypass.Seen bypassed = Bypass.Seen.NOTHING; // the owner thread's
  private int killed; // the owner thread's

  /**
   * No run yet; the first is due.
   *
   * @param scope whether the session is to stop; cancelled when a command's end is the session's
   * @param owner gets what the owner thread must know; does not block
   */
  Runs(SessionPlan plan, EventLog log, Cancellation scope, Consumer<SessionInput> owner) {
    this.plan = plan;
    this.log = log;
    this.scope = scope;
    this.owner = owner;
  }

  /** Asks for the next run; the owner is told if there is to be one. Never blocks. */
  RestartAnswer restart() {
    boolean stopping = scope.cause().isPresent();
    RunRules.Asked asked;
    lock.lock();
    try {
      asked = RunRules.restart(stopping ? stepped(RunRules.Input.STOP_ASKED) : state);
      state = asked.next();
    } finally {
      lock.unlock();
    }
    if (asked.answer() instanceof RestartAnswer.Accepted(int run)) {
      owner.accept(new SessionInput.RestartAsked(run));
    }
    return asked.answer();
  }

  /** Where they are; nothing is due any more once the session is to stop. */
  RunRules.State state() {
    boolean stopping = scope.cause().isPresent();
    lock.lock();
    try {
      return stopping ? stepped(RunRules.Input.STOP_ASKED) : state;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Starts the run that is due. The caller closes what it gets, and then tells that it has {@link
   * #ended}.
   *
   * @param listeners connections to which do not go around the proxy
   * @param started what is published once the first run has started, unless a stop came first
   */
  ProcessController launch(
      int run,
      SessionMaterial material,
      CommandSpec command,
      Listeners listeners,
      SessionEvent.Started started) {
    if (run > 1) {
      log.publish(new SessionEvent.Restarting(run));
    }
    exchanges.begin(run);
    stopClock = StopClock.NOTHING_YET;
    var controller =
        ProcessController.start(
            material.containment(),
            command,
            plan.stop(),
            event -> {
              material.record().process(run, event);
              onProcess(run, event, material, listeners, started);
            });
    process = controller;
    return controller;
  }

  /** Nothing of the run is left. */
  void ended(ProcessResult result) throws InterruptedException {
    process = null;
    BypassWatch watched = watch;
    if (watched != null) {
      bypassed = bypassed.plus(watched.close());
      watch = null;
    }
    killed += result.killed().size();
    step(RunRules.Input.ENDED);
  }

  /** Passes a signal to the process group of the present run; harmless when there is none. */
  void signal(Signal signal) {
    ProcessController running = process;
    if (running != null) {
      running.signal(signal);
    }
  }

  /** The process groups whose processes are the session's own. */
  List<Long> ownedGroups() {
    ProcessController running = process;
    return running == null || running.pid().isEmpty()
        ? List.of()
        : List.of(running.pid().getAsLong());
  }

  /** The run to which an event of the proxy belongs. */
  int of(TrafficEvent event) {
    return exchanges.of(event);
  }

  /** When the steps of the last run's end came. */
  StopClock stopClock() {
    return stopClock;
  }

  /** What went around the proxy, in all runs together. For the owner thread. */
  Bypass.Seen bypassed() {
    return bypassed;
  }

  /** How many processes had to be killed, in all runs together. For the owner thread. */
  int killed() {
    return killed;
  }

  /** On the process's owner thread. */
  private void onProcess(
      int run,
      ProcessEvent event,
      SessionMaterial material,
      Listeners listeners,
      SessionEvent.Started started) {
    stopClock = stopClock.after(event, System.nanoTime());
    switch (event) {
      case ProcessEvent.Started _ -> {
        // Told before a restart can be asked for, which ends the time that begins here.
        owner.accept(new SessionInput.CommandStarted());
        step(RunRules.Input.STARTED);
        log.publish(new SessionEvent.Command(run, event));
        // A session that was asked to stop while it started is never told to have started.
        if (run == 1 && scope.cause().isEmpty()) {
          log.publish(started);
        }
        var processes = new SessionProcesses(this::ownedGroups, material.containment()::owns);
        watch = BypassWatch.start(run, processes, listeners.all(), log::publish);
      }
      case ProcessEvent.Exited(var result) -> {
        exited(result.reason());
        log.publish(new SessionEvent.Command(run, event));
      }
      case ProcessEvent.TreeGone _ -> {
        BypassWatch watched = watch;
        if (watched != null) {
          watched.end();
        }
        log.publish(new SessionEvent.Command(run, event));
      }
      case ProcessEvent.Starting _, ProcessEvent.Signaled _ ->
          log.publish(new SessionEvent.Command(run, event));
    }
  }

  private void exited(ExitReason reason) {
    boolean lost = reason == ExitReason.RUNTIME_ERROR;
    RunRules.State next = step(lost ? RunRules.Input.LOST : RunRules.Input.EXITED);
    owner.accept(new SessionInput.CommandExited());
    if (next instanceof RunRules.State.Stopping) {
      scope.cancel(
          switch (reason) {
            case START_FAILED, RUNTIME_ERROR -> StopCause.PROCESS_FAILED;
            case NATURAL, SIGNAL, FORCED_KILL -> StopCause.PROCESS_EXITED;
          });
    }
  }

  private RunRules.State step(RunRules.Input input) {
    lock.lock();
    try {
      return stepped(input);
    } finally {
      lock.unlock();
    }
  }

  /** With the lock held. */
  private RunRules.State stepped(RunRules.Input input) {
    state = RunRules.step(state, input, plan.afterEnd());
    return state;
  }
}
