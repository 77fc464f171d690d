package dev.earshot.cli;

import dev.earshot.process.KeepPattern;
import dev.earshot.process.Signal;
import dev.earshot.proxy.ProxyCredentials;
import dev.earshot.proxy.ReverseRule;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SequencedMap;

/**
 * What {@code earshot run} was asked for, checked as far as that needs no file and no network.
 *
 * @param command the command and its arguments, byte for byte
 * @param port the port to listen on; 0 for any free one
 * @param bind the address to listen on
 * @param proxyAuth what clients must show that are not of the command's tree
 * @param reverse listeners for one origin each
 * @param events where the event stream goes, if anywhere
 * @param capture where the record goes
 * @param maxBody bytes kept of one body
 * @param har the HAR file to write, if there is to be one
 * @param passthrough host patterns never to decrypt
 * @param intercept whether to decrypt at all
 * @param upstreamProxy the proxy to go through instead of the user's own
 * @param upstreamCas files with further certificate authorities to trust
 * @param insecure host patterns whose certificates are not verified
 * @param clientCerts pairs HOST=FILE: a certificate to show to hosts that ask for one
 * @param connectTimeout for reaching an upstream
 * @param idleTimeout for an exchange in which nothing moves
 * @param keyLog the file for the secrets of TLS, if there is to be one
 * @param redact whether secrets are masked
 * @param noInject the runtimes that get no variables
 * @param stopSignal the first signal of a stop
 * @param grace time between the stop signal and KILL
 * @param drain time for exchanges in flight
 * @param timeout time for the whole run
 * @param keep processes that may outlive the session
 * @param environment variables for the command, byte for byte
 * @param directory where the command runs, byte for byte
 * @param pty whether the command runs on a terminal of its own
 * @param quiet neither summary nor warnings
 * @param verbose notices as well
 * @param debug stack traces of our own failures
 */
record RunOptions(
    List<String> command,
    int port,
    String bind,
    Optional<ProxyCredentials> proxyAuth,
    List<ReverseRule> reverse,
    Optional<EventTarget> events,
    CaptureChoice capture,
    long maxBody,
    Optional<String> har,
    List<String> passthrough,
    boolean intercept,
    Optional<String> upstreamProxy,
    List<String> upstreamCas,
    List<String> insecure,
    List<String> clientCerts,
    Duration connectTimeout,
    Duration idleTimeout,
    Optional<String> keyLog,
    boolean redact,
    Set<String> noInject,
    Signal stopSignal,
    Duration grace,
    Duration drain,
    Optional<Duration> timeout,
    List<KeepPattern> keep,
    SequencedMap<String, String> environment,
    Optional<String> directory,
    boolean pty,
    boolean quiet,
    boolean verbose,
    boolean debug) {}
