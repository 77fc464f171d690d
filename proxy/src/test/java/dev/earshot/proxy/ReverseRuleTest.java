package dev.earshot.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReverseRuleTest {
  @ParameterizedTest
  @CsvSource({
    "8080=http://localhost:3000, 127.0.0.1, 8080, http, localhost, 3000",
    ":8080=http://localhost,     127.0.0.1, 8080, http, localhost, 80",
    "0=https://api.example.com,  127.0.0.1, 0,    https, api.example.com, 443",
    "127.0.0.2:1=HTTP://h:1,     127.0.0.2, 1,    http, h, 1",
    "localhost:1=h:2,            127.0.0.1, 1,    http, h, 2",
    "[::1]:65535=https://[::1]:8443, ::1,   65535, https, ::1, 8443",
    "1=[2001:db8::1]:2,          127.0.0.1, 1,    http, 2001:db8::1, 2",
    "1=https://h/,               127.0.0.1, 1,    https, h,  443",
  })
  void whatIsWrittenInFullOrShort(
      String text, String address, int port, String scheme, String host, int targetPort) {
    var listen = new InetSocketAddress(InetAddress.ofLiteral(address), port);
    assertThat(ReverseRule.parse(text))
        .isEqualTo(new ReverseRule(listen, scheme, host, targetPort));
  }

  @ParameterizedTest
  @CsvSource({
    "'', there is no =",
    "8080, there is no =",
    "=http://h, there is no port",
    "x=http://h, there is no port",
    "65536=http://h, there is no port",
    "-1=http://h, there is no port",
    "127.0.0.1=http://h, there is no port",
    "127.0.0.1:=http://h, there is no port",
    "0.0.0.0:1=http://h, the loopback only",
    "192.0.2.1:1=http://h, the loopback only",
    "[::]:1=http://h, the loopback only",
    "example.com:1=http://h, neither a port nor an address",
    "1=ftp://h, neither http:// nor https://",
    "1=http://u:p@h, user information",
    "1=http://h/path, has a path",
    "1=http://h//, has a path",
    "1=h:1/, has a path",
    "1=http://h?q, has a path",
    "1=h, neither a scheme nor a port",
    "1=http://h:0, bad port",
    "1=http://, bad host name",
    "1=http://*.h, not one host",
    "1=http://[fe80::1%eth0], an address with a zone",
    "1=http://[1::2::3], not an IPv6 address",
    "1=http://a\u2026b, not a host name by IDNA 2003",
  })
  void whatIsNotSoIsSaidWhy(String text, String why) {
    assertThatThrownBy(() -> ReverseRule.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(why)
        .hasMessageNotContaining("u:p");
  }

  @Test
  void aTargetIsNamedWithoutTheDefaultPort() {
    assertThat(ReverseRule.parse("1=http://h:80").targetUrl()).isEqualTo("http://h");
    assertThat(ReverseRule.parse("1=[::1]:81").targetUrl()).isEqualTo("http://[::1]:81");
  }
}
