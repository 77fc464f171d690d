package dev.earshot.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Base64;
import java.util.Optional;

/** Another proxy, through which upstreams are reached. Its text never has the credentials. */
public sealed interface UpstreamProxy {
  /** Its name or address, an IPv6 address without brackets. */
  String host();

  /** Its port. */
  int port();

  /** What it is told about who asks, if anything. */
  Optional<Credentials> credentials();

  /**
   * A user name and a password. Its text has neither.
   *
   * @param user may be empty
   * @param password may be empty
   */
  record Credentials(String user, String password) {
    /** The value of a Proxy-Authorization header (RFC 7617). */
    String basic() {
      return "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(UTF_8));
    }

    /** The user name in UTF-8, each byte as one char. */
    String userBytes() {
      return new String(user.getBytes(UTF_8), ISO_8859_1);
    }

    /** The password in UTF-8, each byte as one char. */
    String passwordBytes() {
      return new String(password.getBytes(UTF_8), ISO_8859_1);
    }

    @Override
    public String toString() {
      return "credentials";
    }
  }

  /**
   * One that speaks HTTP: {@code http} targets are asked for by their URL, all others by CONNECT.
   *
   * @param tls whether it is spoken to in TLS ({@code https://})
   */
  record Http(String host, int port, boolean tls, Optional<Credentials> credentials)
      implements UpstreamProxy {
    @Override
    public String toString() {
      return (tls ? "https://" : "") + Authority.inUrl(host) + ":" + port;
    }
  }

  /**
   * One that speaks SOCKS 5 (RFC 1928).
   *
   * @param namesThere whether it resolves names itself ({@code socks5h://})
   */
  record Socks5(String host, int port, boolean namesThere, Optional<Credentials> credentials)
      implements UpstreamProxy {
    @Override
    public String toString() {
      return (namesThere ? "socks5h://" : "socks5://") + Authority.inUrl(host) + ":" + port;
    }
  }

  /**
   * One that speaks SOCKS 4, which knows IPv4 addresses and user names alone.
   *
   * @param namesThere whether it resolves names itself ({@code socks4a://})
   */
  record Socks4(String host, int port, boolean namesThere, Optional<Credentials> credentials)
      implements UpstreamProxy {
    @Override
    public String toString() {
      return (namesThere ? "socks4a://" : "socks4://") + Authority.inUrl(host) + ":" + port;
    }
  }

  /** How its URL is written with credentials, to be named in errors. */
  default String form() {
    String scheme =
        switch (this) {
          case Http http -> http.tls() ? "https" : "http";
          case Socks5 socks -> socks.namesThere() ? "socks5h" : "socks5";
          case Socks4 socks -> socks.namesThere() ? "socks4a" : "socks4";
        };
    String who = this instanceof Socks4 ? "USER" : "USER:PASS";
    return "%s://%s@%s:%d".formatted(scheme, who, Authority.inUrl(host()), port());
  }
}
