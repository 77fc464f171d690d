package dev.earshot.cli;

import java.util.ArrayList;
import java.util.List;

/**
 * How systems and programs that Earshot does not start are made to trust its authority, and how
 * that is undone. Names under which it is installed do not change with a rotation, so that what is
 * installed can be found again.
 */
final class CaTrust {
  private static final String COPIED = "earshot-ca.crt";
  private static final String COPIED_PEM = "earshot-ca.pem";
  private static final String NICKNAME = "earshot-ca";

  private CaTrust() {}

  /** One place to be trusted in. */
  private record Place(String name, List<String> trust, List<String> undo) {
    Place {
      trust = List.copyOf(trust);
      undo = List.copyOf(undo);
    }

    static Place of(String name, String trust, String undo) {
      return new Place(name, List.of(trust), List.of(undo));
    }
  }

  /**
   * The instructions, as lines to print.
   *
   * @param file the certificate's, absolute
   * @param name the certificate's common name
   */
  static List<String> lines(String file, String name) {
    List<String> lines = new ArrayList<>();
    for (Place place : places(quoted(file), name)) {
      lines.add(place.name());
      place.trust().forEach(line -> lines.add("  trust  " + line));
      place.undo().forEach(line -> lines.add("  undo   " + line));
    }
    return lines;
  }

  private static List<Place> places(String file, String name) {
    List<Place> places = new ArrayList<>();
    // Without --fresh the links in /etc/ssl/certs stay.
    places.add(
        copied(
            "Debian, Ubuntu",
            file,
            "/usr/local/share/ca-certificates/" + COPIED,
            "update-ca-certificates",
            "update-ca-certificates --fresh"));
    places.add(
        copied(
            "Fedora, RHEL",
            file,
            "/etc/pki/ca-trust/source/anchors/" + COPIED_PEM,
            "update-ca-trust",
            "update-ca-trust"));
    places.add(
        copied(
            "Arch",
            file,
            "/etc/ca-certificates/trust-source/anchors/" + COPIED,
            "update-ca-trust",
            "update-ca-trust"));
    places.add(
        copied(
            "openSUSE",
            file,
            "/etc/pki/trust/anchors/" + COPIED_PEM,
            "update-ca-certificates",
            "update-ca-certificates"));
    places.add(
        Place.of(
            "Alpine (as root)",
            "apk add ca-certificates && cp %s /usr/local/share/ca-certificates/%s && update-ca-certificates"
                .formatted(file, COPIED),
            "rm /usr/local/share/ca-certificates/%s && update-ca-certificates".formatted(COPIED)));
    places.add(
        Place.of(
            "macOS (with a copy of the file there)",
            "sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain "
                + COPIED_PEM,
            ("sudo security remove-trusted-cert -d %s && sudo security delete-certificate -c %s"
                    + " /Library/Keychains/System.keychain")
                .formatted(COPIED_PEM, quoted(name))));
    places.add(
        Place.of(
            "Windows (with a copy of the file there; for your user)",
            "certutil -user -addstore Root " + COPIED,
            "certutil -user -delstore Root \"%s\"".formatted(name)));
    places.add(
        Place.of(
            "Firefox",
            "Settings, Privacy & Security, View Certificates, Authorities, Import: "
                + file
                + ", to identify websites",
            "in the same list, %s: Delete or Distrust".formatted(name)));
    places.add(
        new Place(
            "Chromium and Chrome on Linux (NSS; certutil is in libnss3-tools or nss-tools)",
            List.of(
                "mkdir -p ~/.pki/nssdb && { [ -e ~/.pki/nssdb/cert9.db ] || certutil -d"
                    + " sql:$HOME/.pki/nssdb -N --empty-password; }",
                "certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n %s -i %s".formatted(NICKNAME, file)),
            List.of("certutil -d sql:$HOME/.pki/nssdb -D -n " + NICKNAME)));
    places.add(
        Place.of(
            "Java (each JDK for itself; it may need sudo)",
            "keytool -importcert -noprompt -cacerts -storepass %s -alias %s -file %s"
                .formatted(CaFormat.USUAL_PASSWORD, NICKNAME, file),
            "keytool -delete -cacerts -storepass %s -alias %s"
                .formatted(CaFormat.USUAL_PASSWORD, NICKNAME)));
    places.add(
        Place.of(
            "Node (what this shell starts)",
            "export NODE_EXTRA_CA_CERTS=" + file,
            "unset NODE_EXTRA_CA_CERTS"));
    places.add(
        new Place(
            "Docker build (an image of Debian, Ubuntu or Alpine that has ca-certificates)",
            List.of(
                "earshot ca export -o " + COPIED,
                "COPY --chmod=644 %s /usr/local/share/ca-certificates/".formatted(COPIED),
                "RUN update-ca-certificates"),
            List.of(
                "take both lines out of the Dockerfile and build again; never ship such an image")));
    return places;
  }

  private static Place copied(
      String name, String file, String target, String update, String afterwards) {
    return Place.of(
        name,
        "sudo cp %s %s && sudo %s".formatted(file, target, update),
        "sudo rm %s && sudo %s".formatted(target, afterwards));
  }

  /** A word of a shell, as short as it can be. */
  private static String quoted(String text) {
    return text.matches("[A-Za-z0-9_/.,:=@%+-]+") ? text : "'" + text.replace("'", "'\\''") + "'";
  }
}
