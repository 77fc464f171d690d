package dev.earshot.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.earshot.exchange.ClientProcess;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RejectionWordsTest {
  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          error:10000418:SSL routines:OPENSSL_internal:TLSV1_ALERT_UNKNOWN_CA, unknown_ca
          error:10000416:SSL routines:OPENSSL_internal:SSLV3_ALERT_CERTIFICATE_UNKNOWN, certificate_unknown
          error:10000412:SSL routines:OPENSSL_internal:SSLV3_ALERT_BAD_CERTIFICATE, bad_certificate
          error:10000419:SSL routines:OPENSSL_internal:TLSV1_ALERT_ACCESS_DENIED, access_denied
          error:10000459:SSL routines:OPENSSL_internal:TLSV1_BAD_CERTIFICATE_STATUS_RESPONSE, bad_certificate_status_response
          (certificate_expired) Received fatal alert: certificate_expired, certificate_expired
          """)
  void anAlertAboutTheCertificateIsFound(String message, String alert) {
    assertThat(RejectionWords.alert(new SSLException(message))).hasValue(alert);
    assertThat(RejectionWords.alert(new RuntimeException(new SSLException(message))))
        .hasValue(alert);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "error:1000042e:SSL routines:OPENSSL_internal:TLSV1_ALERT_PROTOCOL_VERSION",
        "error:10000410:SSL routines:OPENSSL_internal:SSLV3_ALERT_HANDSHAKE_FAILURE",
        "error:100000b8:SSL routines:OPENSSL_internal:NO_SHARED_CIPHER",
        "Received fatal alert: internal_error",
        "no certificate for unknown_ca"
      })
  void nothingElseIs(String message) {
    assertThat(RejectionWords.alert(new SSLException(message))).isEqualTo(Optional.empty());
  }

  @Test
  void aCircleOfCausesEnds() {
    var first = new SSLException("one");
    first.initCause(new SSLException("two", first));
    assertThat(RejectionWords.alert(first)).isEqualTo(Optional.empty());
  }

  @ParameterizedTest
  @CsvSource({
    "java, -Djavax.net.ssl.trustStore",
    "node, NODE_EXTRA_CA_CERTS",
    "python3.11, SSL_CERT_FILE",
    "curl, --pinnedpubkey",
    "chromium, earshot ca show",
    "terraform, pins certificates"
  })
  void theHintKnowsTheProgram(String program, String remedy) {
    var process = new ClientProcess(OptionalLong.of(1), Optional.of(program), true);
    assertThat(RejectionWords.hint(process, "a.test"))
        .contains(remedy)
        .contains("--passthrough a.test");
  }

  @Test
  void theWarningSaysWhatIsDoneAndForHowLong() {
    assertThat(RejectionWords.consequence(ClientProcess.UNKNOWN, "a.test", Duration.ofMinutes(10)))
        .isEqualTo(
            "; from now on what the client calls at a.test passes undecrypted, and is tried again"
                + " after 10 min");
    assertThat(
            RejectionWords.consequence(ClientProcess.UNKNOWN, "a.test", Duration.ofMillis(1_500)))
        .endsWith("after 1500 ms");
  }
}
