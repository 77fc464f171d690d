package dev.earshot.session;

import dev.earshot.exchange.ClientProcess;
import dev.earshot.process.CommandSpec;
import dev.earshot.process.Containment;
import dev.earshot.process.Machine;
import dev.earshot.proxy.ClientAnswer;
import dev.earshot.proxy.ClientCheck;
import dev.earshot.proxy.Interception;
import dev.earshot.proxy.ProxyLimits;
import dev.earshot.proxy.ProxyPlan;
import dev.earshot.proxy.ProxyTimeouts;
import dev.earshot.proxy.tls.CertificateAuthority;
import dev.earshot.proxy.tls.CertificateAuthorityException;
import dev.earshot.proxy.tls.InterceptTls;
import dev.earshot.proxy.tls.KeyLog;
import dev.earshot.proxy.tls.UpstreamTls;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What a session needs before anything runs: its folder, the certificate authority, the files that
 * make the command's clients trust it, and both sides of TLS. Closing it removes and releases all.
 */
final class SessionMaterial implements AutoCloseable {
  private final String id;
  private final SessionPlan plan;
  private final SessionFolder folder;
  private final Containment containment;
  private final SessionRecordFile record;
  private final CertificateAuthority authority;
  private final Optional<KeyLog> keyLog;
  private final InterceptTls interceptTls;
  private final UpstreamTls upstreamTls;
  private final FutureTask<TrustFiles> trustFiles;
  private final Consumer<SessionEvent> events;

  private SessionMaterial(
      String id,
      SessionPlan plan,
      SessionFolder folder,
      Containment containment,
      CertificateAuthority authority,
      Optional<KeyLog> keyLog,
      Consumer<SessionEvent> events) {
    this.id = id;
    this.plan = plan;
    this.folder = folder;
    this.containment = containment;
    this.record = record(id, plan, folder, containment, events);
    this.authority = authority;
    this.events = events;
    this.keyLog = keyLog;
    this.interceptTls = new InterceptTls(authority, Clock.systemUTC(), keyLog);
    this.upstreamTls =
        new UpstreamTls(
            plan.traffic().anchors(),
            (host, port) ->
                plan.traffic().insecure().stream().anyMatch(pattern -> pattern.matches(host, port)),
            (host, port) -> ClientCertificate.of(plan.traffic().clientCertificates(), host, port),
            keyLog);
    this.trustFiles = new FutureTask<>(this::writeTrustFiles);
  }

  /**
   * Makes it all. The trust files, which take longest, are written beside the rest of the start.
   *
   * @param recorded whether the session has a record
   * @param events gets warnings
   */
  static SessionMaterial prepare(
      String id, SessionPlan plan, boolean recorded, Consumer<SessionEvent> events)
      throws PreparationException {
    CertificateAuthority authority = authority(plan.folders(), recorded, events);
    Optional<KeyLog> keyLog = keyLog(plan, events);
    SessionMaterial material;
    try {
      material = in(plan.folders().sessions(), id, plan, authority, keyLog, events);
    } catch (IOException unwritable) {
      material = inTemporary(id, plan, authority, keyLog, events);
    }
    Thread.ofPlatform().name("earshot-trust-files").start(material.trustFiles);
    return material;
  }

  /** The guardian is there before anything that it could have to end or to remove. */
  private static SessionMaterial in(
      Path sessions,
      String id,
      SessionPlan plan,
      CertificateAuthority authority,
      Optional<KeyLog> keyLog,
      Consumer<SessionEvent> events)
      throws IOException {
    var containment = containment(id, plan, sessions.resolve(id));
    try {
      var folder = SessionFolder.create(sessions, id);
      return new SessionMaterial(id, plan, folder, containment, authority, keyLog, events);
    } catch (IOException e) {
      containment.close();
      throw e;
    }
  }

  private static Containment containment(String id, SessionPlan plan, Path folder) {
    SessionPlan.Ownership ownership = plan.ownership();
    return Containment.open(
        new Containment.Plan(
            id,
            ownership.orphans(),
            ownership.keep(),
            Optional.of(folder.toAbsolutePath()),
            ownership.artefacts(),
            ownership.guardTerminal()));
  }

  /** It is there before the command is. */
  private static SessionRecordFile record(
      String id,
      SessionPlan plan,
      SessionFolder folder,
      Containment containment,
      Consumer<SessionEvent> events) {
    long self = ProcessHandle.current().pid();
    var start =
        new SessionRecord(
            id,
            Version.TEXT,
            Instant.now(),
            Machine.here(),
            new SessionRecord.Numbered(self, Machine.startOf(self).orElse(0)),
            containment.digits(),
            containment.group().map(Path::toString),
            plan.ownership().keep(),
            Optional.empty(),
            List.of());
    return SessionRecordFile.create(folder.path(), start, events);
  }

  private static CertificateAuthority authority(
      SessionFolders folders, boolean recorded, Consumer<SessionEvent> events)
      throws PreparationException {
    if (folders.certificates().isEmpty()) {
      events.accept(inMemory("there is no HOME to keep it in", recorded, "set HOME to keep it"));
      return CertificateAuthority.inMemory(Clock.systemUTC());
    }
    Path kept = folders.certificates().get();
    try {
      return CertificateAuthority.loadOrCreate(kept, Clock.systemUTC());
    } catch (CertificateAuthorityException e) {
      // One that is there and cannot be used is for the user to look at, not to be passed over.
      if (CertificateAuthority.existsIn(kept)) {
        throw new PreparationException(String.valueOf(e.getMessage()), e);
      }
      events.accept(
          inMemory(String.valueOf(e.getMessage()), recorded, "make it writable to keep it"));
      return CertificateAuthority.inMemory(Clock.systemUTC());
    }
  }

  private static Optional<KeyLog> keyLog(SessionPlan plan, Consumer<SessionEvent> events)
      throws PreparationException {
    if (plan.traffic().keyLog().isEmpty()) {
      return Optional.empty();
    }
    Path file = plan.traffic().keyLog().get();
    try {
      if (!KeyLog.isSupported()) {
        throw new IOException("the native TLS library could not be loaded");
      }
      return Optional.of(KeyLog.open(file, problem -> events.accept(keyLogProblem(problem))));
    } catch (IOException e) {
      throw new PreparationException(
          "cannot write the key log %s: %s".formatted(file, e.getMessage()), e);
    }
  }

  private static SessionEvent keyLogProblem(String problem) {
    return new SessionEvent.Warning(
        "keylog", problem, Optional.of("what was captured cannot be decrypted without them"));
  }

  /** Where the authority cannot be kept, a record can seldom be: that is not told twice. */
  private static SessionEvent inMemory(String why, boolean recorded, String hint) {
    return new SessionEvent.Warning(
        "ca_in_memory",
        "the certificate authority is kept in memory for this run%s: %s"
            .formatted(recorded ? "" : ", and nothing is recorded", why),
        Optional.of(hint));
  }

  private static SessionMaterial inTemporary(
      String id,
      SessionPlan plan,
      CertificateAuthority authority,
      Optional<KeyLog> keyLog,
      Consumer<SessionEvent> events)
      throws PreparationException {
    SessionFolders folders = plan.folders();
    try {
      return in(folders.temporary(), id, plan, authority, keyLog, events);
    } catch (IOException e) {
      keyLog.ifPresent(KeyLog::close);
      throw new PreparationException(
          "cannot make a folder for the session in "
              + folders.sessions()
              + " or "
              + folders.temporary()
              + ": "
              + e.getMessage(),
          e);
    }
  }

  /** What holds the trees of the session's runs together. */
  Containment containment() {
    return containment;
  }

  /** What is written down for the case that the session is killed. */
  SessionRecordFile record() {
    return record;
  }

  /** The file with the authority's certificate; empty if it is in memory. */
  Optional<Path> certificateFile() {
    return authority.certificateFile();
  }

  /**
   * What the proxy is to do.
   *
   * @param ownRoots the pids from which the session's process tree hangs
   */
  ProxyPlan proxyPlan(Supplier<? extends Collection<Long>> ownRoots) {
    TrafficPlan traffic = plan.traffic();
    return new ProxyPlan(
        traffic.bind(),
        traffic.intercept() ? new Interception.On(interceptTls) : new Interception.Off(),
        traffic.passthrough(),
        upstreamTls,
        traffic.proxies(),
        ProxyLimits.DEFAULT,
        ProxyTimeouts.DEFAULT.withConnect(traffic.connectTimeout()).withIdle(traffic.idleTimeout()),
        clientCheck(
            new SocketOwners(ownRoots, containment::owns), traffic.credentials().isPresent()),
        traffic.credentials(),
        traffic.reverse());
  }

  /** A client of another machine has no owner here, but, where it needs them, credentials. */
  static ClientCheck clientCheck(SocketOwners owners, boolean remoteOnes) {
    return (client, listener) ->
        switch (owners.of(client, listener)) {
          case SocketOwner.Allowed(var process) -> new ClientAnswer.Allowed(process);
          case SocketOwner.OtherUser(var uid) ->
              new ClientAnswer.OtherUser("the connection belongs to user " + uid);
          case SocketOwner.Gone() when remoteOnes && !LocalAddresses.has(client.getAddress()) ->
              new ClientAnswer.Allowed(ClientProcess.UNKNOWN);
          case SocketOwner.Gone() -> new ClientAnswer.Gone();
        };
  }

  /**
   * The command with the session's variables.
   *
   * @param listeners where the session listens
   * @throws PreparationException if the files they name could not be written
   */
  CommandSpec command(Listeners listeners) throws PreparationException, InterruptedException {
    TrustFiles files;
    try {
      files = trustFiles.get();
    } catch (ExecutionException e) {
      throw new PreparationException(
          "cannot write the files that the command needs to " + folder.path() + ": " + e.getCause(),
          e);
    }
    for (String warning : files.warnings()) {
      events.accept(new SessionEvent.Warning("trust", warning, Optional.empty()));
    }
    InetSocketAddress proxy = listeners.proxy();
    SequencedMap<String, String> environment =
        new LinkedHashMap<>(
            ChildEnvironment.of(
                plan.command().environment(),
                new ChildEnvironment.Proxy(
                    proxy.getAddress().getHostAddress(),
                    proxy.getPort(),
                    plan.traffic().credentials()),
                files,
                leftOut(),
                id));
    environment.putAll(listeners.variables());
    environment.putAll(plan.injection().own());
    return plan.command().withEnvironment(environment);
  }

  private TrustFiles writeTrustFiles() throws IOException {
    Path directory = Path.of(plan.command().directory().orElse("")).toAbsolutePath();
    return TrustFiles.write(
        folder.path(), authority.pem(), plan.command().environment(), directory, leftOut());
  }

  private Set<ClientRuntime> leftOut() {
    return plan.injection().leftOut();
  }

  /** Releases what TLS holds, removes the folder, and dismisses the guardian. */
  @Override
  public void close() {
    // Dismissed last: until then the guardian sees to the folder.
    try (containment) {
      awaitTrustFiles();
      interceptTls.close();
      upstreamTls.close();
      keyLog.ifPresent(KeyLog::close);
      removeFolder();
      record.close();
    }
  }

  /** Whoever still writes there would find the folder gone, or leave it behind. */
  private void awaitTrustFiles() {
    try {
      trustFiles.get();
    } catch (ExecutionException reportedBefore) {
      // The command was told.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void removeFolder() {
    try {
      folder.close();
    } catch (IOException e) {
      events.accept(
          new SessionEvent.Warning(
              "folder",
              "cannot remove the session's folder " + folder.path() + ": " + e,
              Optional.empty()));
    }
  }
}
