package dev.earshot.session;

import dev.earshot.exchange.TrafficEvent;
import dev.earshot.process.ProcessEvent;
import dev.earshot.proxy.ReverseListener;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A fact about a session, immutable and equal by value. */
public sealed interface SessionEvent {

  /** Facts about the session, its process and its proxy: few, and never dropped. */
  sealed interface Lifecycle extends SessionEvent {}

  /** The session begins. The command is as the user wrote it, unmasked. */
  record Starting(String id, String version, List<String> command, String directory)
      implements Lifecycle {
    public Starting {
      command = List.copyOf(command);
    }
  }

  /**
   * Proxy and process run: the first run has started. Not told again by a restart.
   *
   * @param ca the file with the certificate authority's certificate; empty if it is in memory only
   * @param containment the layers that hold the process tree together
   */
  record Started(InetSocketAddress proxy, Optional<Path> ca, List<String> containment)
      implements Lifecycle {
    public Started {
      containment = List.copyOf(containment);
    }
  }

  /** The run before is gone, and this one is about to be started. */
  record Restarting(int run) implements Lifecycle {}

  /** The end has begun. */
  record Stopping(StopCause cause) implements Lifecycle {}

  /** Always the last event, always exactly one. */
  record Stopped(SessionResult result) implements Lifecycle {}

  /** The proxy is about to listen. */
  record ProxyStarting(InetSocketAddress address) implements Lifecycle {}

  /** The proxy serves at this address, and at others for one origin each. */
  record ProxyStarted(InetSocketAddress address, List<ReverseListener> reverse)
      implements Lifecycle {
    public ProxyStarted {
      reverse = List.copyOf(reverse);
    }
  }

  /**
   * The proxy is closed.
   *
   * @param forcedConnections connections that had to be cut while they were busy
   * @param error why, if it was not a normal close
   */
  record ProxyStopped(int forcedConnections, Optional<String> error) implements Lifecycle {}

  /**
   * The record of the session is closed.
   *
   * @param file where it is, if there is one
   * @param exchanges exchanges in it
   * @param bodiesGivenUp bodies of which less is in it than there should be, because the disk could
   *     not keep up
   * @param error why it is not whole, if it is not
   */
  record CaptureClosed(
      Optional<Path> file, long exchanges, long bodiesGivenUp, Optional<String> error)
      implements Lifecycle {}

  /** A fact about the command of a run; runs are counted from 1. */
  record Command(int run, ProcessEvent event) implements Lifecycle {}

  /**
   * A fact about the traffic; the run is the one in which its exchange or tunnel began, or else the
   * current one. What comes between two runs, or after the last, counts as of the one before.
   */
  record Traffic(int run, TrafficEvent event) implements SessionEvent {}

  /** A connection of a run's tree that did not come through, seen by looking now and then. */
  record Bypassed(int run, Bypass connection) implements SessionEvent {}

  /** In place of what a slow subscriber missed. Only its own subscription has it. */
  record Dropped(long count) implements SessionEvent {}

  /** Something that the user should know, and that ended nothing. */
  record Warning(String code, String text, Optional<String> hint) implements Lifecycle {}

  /** Why Earshot itself could not go on. */
  record Fatal(String code, String text, Optional<String> hint) implements Lifecycle {}
}
