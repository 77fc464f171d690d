package dev.earshot.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Owns one command and its process tree, from the start until the whole tree is gone. All methods
 * may be called from any thread at any moment.
 *
 * <p>A thread of its containment watches, signals and reaps the command; a second one waits for the
 * leader. Both are done with it once {@link #await} returns, unless KILL could not end the leader:
 * then the second stays until it does end. The JVM stays as long as the tree does.
 */
public final class ProcessController implements AutoCloseable {
  private final Inbox inbox;
  private final StandardStreams streams;
  private final ProcessOwner owner;
  private final CompletableFuture<ProcessResult> end = new CompletableFuture<>();
  private volatile @Nullable Thread ownerThread;

  private ProcessController(Inbox inbox, StandardStreams streams, ProcessOwner owner) {
    this.inbox = inbox;
    this.streams = streams;
    this.owner = owner;
  }

  /**
   * Starts the command with a {@link Containment} of its own, which costs about a millisecond; with
   * many runs give them a common one.
   *
   * @see #start(Containment, CommandSpec, StopPolicy, Consumer)
   */
  public static ProcessController start(
      CommandSpec spec, StopPolicy policy, Consumer<ProcessEvent> events) {
    var own = Containment.unnamed();
    return start(own, spec, policy, events, own::close);
  }

  /**
   * Starts the command. It runs when this returns, or could not be started: that is a result with
   * the reason {@link ExitReason#START_FAILED}. It waits for the kernel to load the command's file,
   * which a dead network file system can delay.
   *
   * @param containment holds its tree together; stays open until the end
   * @param events gets each event in order, {@link ProcessEvent.Starting} on the calling thread and
   *     all others on the owner's, which it holds up while it runs. It must not wait for this
   *     controller; if it throws, that is told in the result
   * @throws UnsupportedOperationException on a system that this module does not know
   */
  public static ProcessController start(
      Containment containment, CommandSpec spec, StopPolicy policy, Consumer<ProcessEvent> events) {
    return start(containment, spec, policy, events, () -> {});
  }

  private static ProcessController start(
      Containment containment,
      CommandSpec spec,
      StopPolicy policy,
      Consumer<ProcessEvent> events,
      Runnable afterwards) {
    Wake wake = Wake.none();
    StandardStreams streams = StandardStreams.none();
    Optional<StartFailure> refused = Optional.empty();
    try {
      wake = Wake.open();
      streams = StandardStreams.open(spec, Spawner.lowestOfOurs(spec.launch()));
    } catch (ErrnoException e) {
      wake.close();
      String hint = e.getMessage() + ": see ulimit -n";
      refused = Optional.of(StartFailure.of(StartStage.LIMITS, e.errno(), hint));
    } catch (StartException e) {
      wake.close();
      refused = Optional.of(e.failure());
    }
    var inbox = new Inbox(wake::wake);
    var owner = new ProcessOwner(containment, spec, policy, events, streams, inbox, wake);
    Supplier<ProcessResult> life = owner.start(refused);
    var controller = new ProcessController(inbox, streams, owner);
    try {
      containment.own(() -> controller.own(life, afterwards));
    } catch (OutOfMemoryError | RejectedExecutionException noThread) {
      // Nobody could own it: it ends at once, here.
      inbox.kill();
      controller.own(life, afterwards);
    }
    return controller;
  }

  private void own(Supplier<ProcessResult> life, Runnable afterwards) {
    ownerThread = Thread.currentThread();
    ProcessResult ended;
    try {
      ended = life.get();
    } catch (RuntimeException | Error problem) {
      ended = owner.broken(problem);
    }
    afterwards.run();
    // The thread may have another life to live.
    ownerThread = null;
    end.complete(ended);
  }

  /**
   * Asks the command to stop: the stop signal now, KILL after the grace. Again, or after the end,
   * changes nothing. Never blocks.
   */
  public void stop() {
    stop(ProcessEvent.Why.STOP);
  }

  /**
   * The same, with what the event of the stop signal says; the first one counts.
   *
   * @param why {@link ProcessEvent.Why#STOP} or {@link ProcessEvent.Why#RESTART}
   */
  public void stop(ProcessEvent.Why why) {
    if (why != ProcessEvent.Why.STOP && why != ProcessEvent.Why.RESTART) {
      throw new IllegalArgumentException("not a reason to stop a command: " + why);
    }
    inbox.stop(why);
  }

  /** Ends the tree by KILL at once, whether a stop was asked for or not. Never blocks. */
  public void killNow() {
    inbox.kill();
  }

  /**
   * Sends a signal to the group; not a request to stop, whatever the signal. The same signal sent
   * twice in quick succession may arrive once. Never blocks.
   *
   * <p>With {@link TerminalUse#HAND_OVER}, TSTP also stops this process once the command has
   * stopped, and CONT to this process continues both; a command that does not stop stops neither.
   * After a stop of both, the first CONT that is told here is taken for the one that ended it.
   */
  public void signal(Signal signal) {
    inbox.forward(signal);
  }

  /**
   * Waits until the whole tree is gone, or was given up; an output that is still held by somebody
   * does not hold it up. An interrupt ends the waiting, not the command.
   */
  public ProcessResult await() throws InterruptedException {
    refuseOwner();
    try {
      return end.get();
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** The same for at most this time; empty if it was not enough. */
  public Optional<ProcessResult> await(Duration limit) throws InterruptedException {
    refuseOwner();
    return within(end, limit);
  }

  /**
   * Waits until the command itself has ended, which others of its tree may outlive: for those there
   * is {@link #await(Duration)}. Empty if the time was not enough.
   *
   * @return the result as far as it is known then: nobody is killed or has survived yet
   */
  public Optional<ProcessResult> awaitExit(Duration limit) throws InterruptedException {
    refuseOwner();
    return within(owner.leaderEnd(), limit);
  }

  private static Optional<ProcessResult> within(Future<ProcessResult> future, Duration limit)
      throws InterruptedException {
    try {
      return Optional.of(future.get(limit.toNanos(), TimeUnit.NANOSECONDS));
    } catch (TimeoutException notYet) {
      return Optional.empty();
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /**
   * Waits until nobody can write to the command's output any more, whether it was read or not: a
   * process that was to live on may hold it for long after the end. An output that is no pipe
   * counts as closed. Blocks a platform thread and holds the carrier of a virtual one.
   *
   * @return false if the time was not enough
   * @throws IOException if this controller was closed before or meanwhile, or nothing was started
   */
  public boolean awaitOutputClosed(Duration limit) throws IOException {
    long deadline = System.nanoTime() + limit.toNanos();
    for (int output = 1; output <= 2; output++) {
      Optional<OpenDescriptor> pipe = streams.kept(output);
      if (pipe.isPresent() && !pipe.get().awaitHangUp(deadline)) {
        return false;
      }
    }
    return true;
  }

  /** The result, if the end has come. Never blocks. */
  public Optional<ProcessResult> result() {
    return Optional.ofNullable(end.getNow(null));
  }

  /** The command's pid, which is also its group; empty if it never ran. */
  public OptionalLong pid() {
    return owner.pid();
  }

  /** Whether the command has the terminal now, so that Ctrl-C is the command's. */
  public boolean handedOver() {
    return owner.handedOver();
  }

  /**
   * To the command's standard input, if that is a pipe. Unbuffered; a write blocks a platform
   * thread and holds the carrier of a virtual one; {@code close} by another thread ends it.
   */
  public Optional<OutputStream> stdin() {
    return streams.kept(0).map(Descriptors::outputTo);
  }

  /** From the command's standard output, if that is a pipe; blocks as {@link #stdin} does. */
  public Optional<InputStream> stdout() {
    return streams.kept(1).map(Descriptors::inputFrom);
  }

  /** From the command's standard error, if that is a pipe; blocks as {@link #stdin} does. */
  public Optional<InputStream> stderr() {
    return streams.kept(2).map(Descriptors::inputFrom);
  }

  /**
   * The terminal that the command runs on, if it has one of its own. As long as it runs somebody
   * must read it: a command whose output nobody takes stands still.
   */
  public Optional<Pty> pty() {
    return streams.pty();
  }

  /**
   * Stops, waits, and closes the pipes and the pseudo-terminal: the longest it takes is the grace
   * and the wait for the killed. An interrupt does not shorten that, and is kept.
   */
  @Override
  public void close() {
    refuseOwner();
    stop();
    boolean interrupted = false;
    while (!end.isDone()) {
      try {
        await();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    streams.closeKept();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void refuseOwner() {
    if (Thread.currentThread() == ownerThread) {
      throw new IllegalStateException("a listener cannot wait for the end it would hold up");
    }
  }
}
