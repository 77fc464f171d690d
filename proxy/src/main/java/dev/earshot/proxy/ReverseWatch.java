package dev.earshot.proxy;

import dev.earshot.exchange.TrafficEvent;
import java.nio.channels.ClosedChannelException;
import java.util.Optional;

/**
 * Tells of a client that takes us for the origin and does not accept our certificate. There is
 * nothing that could pass undecrypted: the origin may not even speak TLS.
 */
record ReverseWatch(ClientHandshake handshake) implements ClientHandshake.Watch {
  private static final String HINT =
      "make the client trust Earshot's CA, or let it call http:// there";

  @Override
  public void begin() {}

  @Override
  public void shaken(boolean http2) {}

  @Override
  public void failed(Throwable cause) {
    var process = handshake.client().process();
    String host = handshake.host();
    Optional<String> rejection =
        RejectionWords.alert(cause)
            .map(alert -> RejectionWords.refused(process, host, alert))
            .or(() ->
                cause instanceof ClosedChannelException
                    ? Optional.of(RejectionWords.leftWithin(process, host))
                    : Optional.empty());
    if (handshake.client().stopping()) {
      handshake.failed("the proxy stopped within the TLS handshake");
    } else if (rejection.isEmpty()) {
      handshake.failed(
          "the TLS handshake with the client failed for " + host + ": " + cause.getMessage());
    } else {
      handshake.failed(rejection.get() + "; " + HINT);
      handshake
          .context()
          .events()
          .accept(
              new TrafficEvent.Warning(
                  "client_rejected_ca", Text.printable(rejection.get()), Optional.of(HINT)));
    }
  }
}
