package ferraris.peers;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import gurux.dlms.GXICipher;
import gurux.dlms.enums.Authentication;
import gurux.dlms.enums.Signing;
import gurux.dlms.objects.enums.SecuritySuite;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;

/** Authentication mechanisms, suites and key pairs as a task names them. */
final class GuruxSecurity {
    private GuruxSecurity() {
    }

    static Authentication authentication(String name) {
        return switch (name) {
            case "low" -> Authentication.LOW;
            case "high" -> Authentication.HIGH;
            case "md5" -> Authentication.HIGH_MD5;
            case "sha1" -> Authentication.HIGH_SHA1;
            case "gmac" -> Authentication.HIGH_GMAC;
            case "sha256" -> Authentication.HIGH_SHA256;
            case "ecdsa" -> Authentication.HIGH_ECDSA;
            default -> Authentication.NONE;
        };
    }

    /** Whether both ends prove who they are. */
    static boolean isHigh(Authentication authentication) {
        return authentication.getValue() > Authentication.LOW.getValue();
    }

    static SecuritySuite suite(JsonObject task) {
        return SecuritySuite.forValue(Lines.number(task, "suite", 0));
    }

    /** Gurux keeps the peer's public key and its own private key in one pair. */
    static void equip(GXICipher cipher, JsonObject task) {
        cipher.setSecuritySuite(suite(task));
        if (task.has("signing_private")) {
            cipher.setSigningKeyPair(pair(task, "signing"));
        }
        if (task.has("agreement_private")) {
            cipher.setKeyAgreementKeyPair(pair(task, "agreement"));
        }
    }

    private static KeyPair pair(JsonObject task, String purpose) {
        try {
            KeyFactory keys = KeyFactory.getInstance("EC");
            PublicKey peer = keys.generatePublic(new X509EncodedKeySpec(Lines.octets(task, purpose + "_public")));
            PrivateKey own = keys.generatePrivate(new PKCS8EncodedKeySpec(Lines.octets(task, purpose + "_private")));
            return new KeyPair(peer, own);
        } catch (GeneralSecurityException error) {
            throw new IllegalArgumentException(error);
        }
    }

    /** How the following requests are protected, by Gurux' name for it, and their transaction id. */
    static JsonElement protect(GXICipher cipher, JsonArray operation) {
        cipher.setSigning(Signing.valueOf(operation.get(1).getAsString()));
        cipher.setTransactionId(ByteBuffer.allocate(8).putLong(operation.get(2).getAsLong()).array());
        return JsonNull.INSTANCE;
    }
}
