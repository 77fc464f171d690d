package dev.earshot.session;

import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What is usually spoken at a port. */
final class WellKnownPorts {
  private static final Set<Integer> WEB = Set.of(80, 443, 3000, 8000, 8008, 8080, 8443, 8888);

  private static final Map<Integer, String> SERVICES =
      Map.ofEntries(
          Map.entry(21, "FTP"),
          Map.entry(22, "SSH"),
          Map.entry(25, "SMTP"),
          Map.entry(53, "DNS"),
          Map.entry(88, "Kerberos"),
          Map.entry(110, "POP3"),
          Map.entry(143, "IMAP"),
          Map.entry(389, "LDAP"),
          Map.entry(465, "SMTP"),
          Map.entry(587, "SMTP"),
          Map.entry(636, "LDAP"),
          Map.entry(853, "DNS"),
          Map.entry(993, "IMAP"),
          Map.entry(995, "POP3"),
          Map.entry(1433, "SQL Server"),
          Map.entry(1521, "Oracle Database"),
          Map.entry(1883, "MQTT"),
          Map.entry(2181, "ZooKeeper"),
          Map.entry(3306, "MySQL"),
          Map.entry(4222, "NATS"),
          Map.entry(5005, "a Java debugger"),
          Map.entry(5432, "PostgreSQL"),
          Map.entry(5671, "AMQP"),
          Map.entry(5672, "AMQP"),
          Map.entry(6379, "Redis"),
          Map.entry(6432, "PgBouncer"),
          Map.entry(8883, "MQTT"),
          Map.entry(9042, "Cassandra"),
          Map.entry(9092, "Kafka"),
          Map.entry(9418, "Git"),
          Map.entry(11211, "memcached"),
          Map.entry(26257, "CockroachDB"),
          Map.entry(27017, "MongoDB"),
          Map.entry(33060, "MySQL"));

  private WellKnownPorts() {}

  /** The service other than HTTP that listens there; empty if none is known. */
  static Optional<String> service(int port) {
    return Optional.ofNullable(SERVICES.get(port));
  }

  static Bypass.Kind kind(int port) {
    return SERVICES.containsKey(port)
        ? Bypass.Kind.SERVICE
        : WEB.contains(port) ? Bypass.Kind.HTTP : Bypass.Kind.UNKNOWN;
  }
}
