package dev.earshot.proxy;

import dev.earshot.content.DecodeMemory;
import dev.earshot.exchange.ClientProcess;
import dev.earshot.exchange.TrafficEvent;
import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Owns the listeners and everything that came in by them: event loops, connections, look-ups. One
 * thread of its own waits for the stop, or for the death of the listener, and ends it all in order.
 * Thread-safe.
 */
public final class ProxyController implements AutoCloseable {
  private static final Logger LOG = System.getLogger(ProxyController.class.getName());

  private static final int MOST_LOOPS = 8;
  private static final int BACKLOG = 1024;
  private static final int LOOKUP_THREADS = 16;
  private static final int CHECK_THREADS = 4;

  /** How long what was cut may take to be gone. */
  private static final Duration AFTER_CUT = Duration.ofSeconds(2);

  private final ProxyPlan plan;
  private final TrafficSink events;
  private final OwnThreads threads;
  private final EventLoops loops;
  private final ThreadPoolExecutor lookups;
  private final ThreadPoolExecutor checks;
  private final Set<ClientConnection> connections = ConcurrentHashMap.newKeySet();
  private final AtomicLong connectionIds = new AtomicLong();
  private final ClientRejections rejections;
  private final CompletableFuture<ProxyEnd> end = new CompletableFuture<>();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  /** Guarded by lock: when everything is cut, in {@link System#nanoTime}; null while serving. */
  private @Nullable Long deadline;

  /** Guarded by lock: why the listener died by itself. */
  private @Nullable String failure;

  private volatile boolean stopping;
  private volatile boolean warnedOfAccept;
  private volatile boolean warnedOfClients;

  private ProxyController(
      ProxyPlan plan, TrafficSink events, OwnThreads threads, EventLoops loops) {
    this.plan = plan;
    this.events = new GuardedSink(events);
    this.rejections = new ClientRejections(plan.timeouts().rejected());
    this.threads = threads;
    this.loops = loops;
    int queue = plan.limits().clients();
    this.lookups = pool(threads.named("earshot-lookup"), LOOKUP_THREADS, queue);
    this.checks = pool(threads.named("earshot-check"), CHECK_THREADS, queue);
  }

  /**
   * Binds, and serves from then on.
   *
   * @param events gets every fact about the traffic, on event loops: it must not block. Those of
   *     one connection come in order. None comes after the end.
   * @throws ProxyStartException if the address cannot be listened on
   */
  public static ProxyController start(ProxyPlan plan, TrafficSink events)
      throws ProxyStartException {
    return start(plan, events, Transport.best());
  }

  static ProxyController start(ProxyPlan plan, TrafficSink events, Transport transport)
      throws ProxyStartException {
    int count = Math.clamp(Runtime.getRuntime().availableProcessors(), 1, MOST_LOOPS);
    var threads = new OwnThreads();
    var loops = new EventLoops(count, transport, threads.named("earshot-proxy"));
    var controller = new ProxyController(plan, events, threads, loops);
    try {
      List<Channel> listeners = controller.bind(transport);
      Thread.ofVirtual().name("earshot-proxy-owner").start(() -> controller.own(listeners));
      return controller;
    } catch (ProxyStartException | RuntimeException e) {
      controller.shutDown();
      throw e;
    }
  }

  private InetSocketAddress address = new InetSocketAddress(0);
  private List<ReverseListener> reverse = List.of();

  /** Where it listens. */
  public InetSocketAddress address() {
    return address;
  }

  /** The listeners for one origin each, in the order of the plan. */
  public List<ReverseListener> reverse() {
    return reverse;
  }

  /**
   * Stops: no new connections, idle ones are closed at once, busy ones get the drain and are then
   * cut, their exchanges failing as {@code stopping}. Never blocks; asking again may only shorten
   * the drain.
   */
  public void stop(Duration drain) {
    long asked = System.nanoTime() + drain.toNanos();
    lock.lock();
    try {
      stopping = true;
      if (deadline == null || asked - deadline < 0) {
        deadline = asked;
        changed.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Clients are being ended from now on: that one leaves without a request says nothing any more
   * about what it thinks of our certificate.
   */
  public void clientsAreEnded() {
    rejections.clientsAreEnded();
  }

  /** Waits for the end, for any number of callers; interrupting it ends only the waiting. */
  public ProxyEnd await() throws InterruptedException {
    try {
      return end.get();
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /** How it ended, if it has. */
  public Optional<ProxyEnd> end() {
    return Optional.ofNullable(end.getNow(null));
  }

  /**
   * Completed with the end, also when the listener dies by itself. Never completed exceptionally.
   */
  public CompletionStage<ProxyEnd> onEnd() {
    return end.minimalCompletionStage();
  }

  /** Stops without a drain and waits for the end, interrupted or not. */
  @Override
  public void close() {
    stop(Duration.ZERO);
    end.join();
  }

  private List<Channel> bind(Transport transport) throws ProxyStartException {
    var windows = new Http2Windows(plan.limits());
    Map<EventLoop, UpstreamPool> pools = new HashMap<>();
    for (EventLoop loop : loops.all()) {
      pools.put(loop, new UpstreamPool(loop, plan.limits(), windows, plan.timeouts().pooled()));
    }
    var ready = new CompletableFuture<ProxyContext>();
    List<Channel> listeners = new ArrayList<>();
    listeners.add(listen(transport, plan.bind(), "", channel -> accepted(ready, channel, null)));
    address = (InetSocketAddress) listeners.getFirst().localAddress();
    List<ReverseListener> bound = new ArrayList<>();
    for (ReverseRule rule : plan.reverse()) {
      int index = bound.size();
      Channel listener =
          listen(
              transport,
              rule.listen(),
              " for --reverse",
              channel -> accepted(ready, channel, index));
      listeners.add(listener);
      bound.add(new ReverseListener((InetSocketAddress) listener.localAddress(), rule));
    }
    reverse = List.copyOf(bound);
    Set<Integer> ports = new HashSet<>(Set.of(address.getPort()));
    reverse.forEach(each -> ports.add(each.address().getPort()));
    ready.complete(
        new ProxyContext(
            plan,
            events,
            new AtomicLong(),
            new Dialer(
                plan, transport.client(), loops, new Resolver(lookups, transport.names(), ports)),
            new ZstdWarmUp(lookups),
            windows,
            new DecodeMemory(DecodeMemory.DEFAULT_BYTES),
            reverse,
            new AtomicBoolean(),
            rejections,
            pools));
    return listeners;
  }

  private Channel listen(
      Transport transport, InetSocketAddress where, String what, Consumer<Channel> accepted)
      throws ProxyStartException {
    Channel listener;
    try {
      listener = transport.server(where.getAddress());
    } catch (ChannelException e) {
      throw new ProxyStartException(cannotListen(where, what, e), e);
    }
    listener.config().setOption(ChannelOption.SO_BACKLOG, BACKLOG);
    listener.config().setOption(ChannelOption.SO_REUSEADDR, true);
    listener
        .pipeline()
        .addLast(new ListenerWatch(this::died, this::warnOfAccept), new Acceptor(accepted));
    loops.register(loops.next(), listener).syncUninterruptibly();
    ChannelFuture bound = listener.bind(where).awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new ProxyStartException(cannotListen(where, what, bound.cause()), bound.cause());
    }
    return listener;
  }

  private static String cannotListen(InetSocketAddress where, String what, Throwable cause) {
    String message = String.valueOf(cause.getMessage());
    String why =
        message.contains("in use")
            ? "the port is in use"
            : message.contains("ermission denied")
                ? "permission denied"
                : message.contains("assign") ? "not an address of this machine" : message;
    String host = Authority.inUrl(where.getHostString());
    return "cannot listen on %s:%d%s: %s"
        .formatted(host, where.getPort(), what, Text.printable(why));
  }

  /**
   * On the listener's event loop. The context is there as soon as the ports are known.
   *
   * @param ofReverse the place of the listener among those for one origin, if it is one
   */
  private void accepted(
      CompletableFuture<ProxyContext> ready, Channel channel, @Nullable Integer ofReverse) {
    var side = new Side();
    side.prepare(channel, plan.limits());
    EventLoop loop = loops.next();
    // A channel that cannot be registered is closed by that.
    var _ = loops.register(loop, channel);
    var _ =
        ready.thenAccept(
            context -> EventLoops.run(loop, () -> serve(context, channel, side, ofReverse)));
  }

  private void serve(
      ProxyContext context, Channel channel, Side side, @Nullable Integer ofReverse) {
    if (!channel.isActive()) {
      return;
    }
    ReverseListener origin = ofReverse == null ? null : context.reverse().get(ofReverse);
    var connection = new ClientConnection(context, connectionIds.incrementAndGet(), side, origin);
    connections.add(connection);
    channel.closeFuture().addListener(closed -> forget(connection));
    if (stopping) {
      connection.stop();
      return;
    }
    int limit = plan.limits().clients();
    if (connections.size() > limit) {
      warnOfClients(limit);
      connection.refused(ErrorResponse.tooManyClients(limit));
      return;
    }
    var client = (InetSocketAddress) channel.remoteAddress();
    var here = (InetSocketAddress) channel.localAddress();
    try {
      checks.execute(() -> {
        ClientAnswer answer = check(client, here);
        EventLoops.run(channel.eventLoop(), () -> checked(connection, answer));
      });
    } catch (RejectedExecutionException tooMany) {
      connection.refused(ErrorResponse.tooManyClients(limit));
    }
  }

  private ClientAnswer check(InetSocketAddress client, InetSocketAddress here) {
    try {
      return plan.clients().check(client, here);
    } catch (RuntimeException e) {
      LOG.log(Level.WARNING, "cannot find out whose connection it is", e);
      return new ClientAnswer.OtherUser("cannot find out whose connection this is");
    }
  }

  private static void checked(ClientConnection connection, ClientAnswer answer) {
    switch (answer) {
      case ClientAnswer.Allowed(ClientProcess process) -> connection.allowed(process);
      case ClientAnswer.OtherUser(var detail) ->
          connection.refused(ErrorResponse.otherUser(detail));
      case ClientAnswer.Gone() -> connection.left();
    }
  }

  private void forget(ClientConnection connection) {
    connections.remove(connection);
    if (stopping) {
      lock.lock();
      try {
        changed.signalAll();
      } finally {
        lock.unlock();
      }
    } else if (connections.isEmpty()) {
      warnedOfClients = false;
    }
  }

  private void died(String why) {
    if (stopping) {
      return;
    }
    lock.lock();
    try {
      if (!stopping) {
        failure = why;
      }
    } finally {
      lock.unlock();
    }
    stop(Duration.ZERO);
  }

  private void warnOfAccept(String what) {
    if (!warnedOfAccept) {
      warnedOfAccept = true;
      events.accept(
          new TrafficEvent.Warning(
              "accept",
              Text.printable(what),
              Optional.of("see the limit of open files, ulimit -n")));
    }
  }

  private void warnOfClients(int limit) {
    if (!warnedOfClients) {
      warnedOfClients = true;
      events.accept(
          new TrafficEvent.Warning(
              "too_many_clients",
              "more than %d connections at a time: further ones are refused".formatted(limit),
              Optional.empty()));
    }
  }

  /** The order of the end: listeners, idle connections, busy ones, event loops. */
  private void own(List<Channel> listeners) {
    var forced = new AtomicInteger();
    String error = null;
    try {
      awaitStop();
      error = failure();
      for (ChannelFuture closed : listeners.stream().map(Channel::close).toList()) {
        closed.awaitUninterruptibly(AFTER_CUT.toMillis());
      }
      connections.forEach(ClientConnection::stop);
      awaitNoConnections(this::untilDeadline);
      connections.forEach(connection -> connection.force(forced::incrementAndGet));
      long cut = System.nanoTime();
      awaitNoConnections(() -> AFTER_CUT.toNanos() - (System.nanoTime() - cut));
    } catch (Throwable broken) {
      error = "the proxy's own thread failed: " + broken;
    }
    shutDown();
    end.complete(
        error == null
            ? new ProxyEnd.Closed(forced.get())
            : new ProxyEnd.Failed(error, forced.get()));
  }

  private void shutDown() {
    loops.shutDown(AFTER_CUT);
    lookups.shutdownNow();
    checks.shutdownNow();
    try {
      // A name look-up in the system's resolver cannot be interrupted; its thread is not waited for
      // longer than that.
      if (!threads.join(AFTER_CUT.multipliedBy(2))) {
        LOG.log(Level.WARNING, "a thread of the proxy did not end in time");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void awaitStop() throws InterruptedException {
    lock.lock();
    try {
      while (deadline == null) {
        changed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  private @Nullable String failure() {
    lock.lock();
    try {
      return failure;
    } finally {
      lock.unlock();
    }
  }

  /** With the lock held. */
  private long untilDeadline() {
    return deadline == null ? Long.MAX_VALUE : deadline - System.nanoTime();
  }

  private void awaitNoConnections(LongSupplier left) throws InterruptedException {
    lock.lock();
    try {
      while (!connections.isEmpty()) {
        long nanos = left.getAsLong();
        if (nanos <= 0) {
          return;
        }
        var _ = changed.awaitNanos(nanos);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Daemon threads that end when there is nothing to do. */
  private static ThreadPoolExecutor pool(ThreadFactory factory, int threads, int queue) {
    var pool =
        new ThreadPoolExecutor(
            threads, threads, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(queue), factory);
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }
}
