import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.stream.Stream;

final class VerifyPass {
    static JsonNode verify(String token, JsonNode keySet, String issuer, String audience, long now)
            throws Exception {
        String[] parts = token.split("\\.", -1);
        refuseIf(token.length() > 2048 || parts.length != 3, "not a signed JWT");
        var base64 = Base64.getUrlDecoder();
        JsonNode header = new ObjectMapper().readTree(base64.decode(parts[0]));
        JsonNode claims = new ObjectMapper().readTree(base64.decode(parts[1]));
        refuseIf(!text(header, "alg").equals("EdDSA"), "another algorithm");
        refuseIf(!text(header, "typ").equals("adm+jwt") || header.has("crit"), "not a pass");
        String x = "";
        for (JsonNode key : keySet.get("keys")) {
            if (text(key, "kid").equals(text(header, "kid"))) x = text(key, "x");
        }
        refuseIf(x.isEmpty(), "unknown key");
        // These sixteen characters say that an Ed25519 key follows (RFC 8410).
        var key = new X509EncodedKeySpec(base64.decode("MCowBQYDK2VwAyEA" + x));
        Signature signature = Signature.getInstance("Ed25519");
        signature.initVerify(KeyFactory.getInstance("Ed25519").generatePublic(key));
        signature.update((parts[0] + "." + parts[1]).getBytes("US-ASCII"));
        refuseIf(!signature.verify(base64.decode(parts[2])), "bad signature");
        boolean whole = Stream.of("iat", "nbf", "exp", "seats")
            .allMatch(name -> claims.path(name).isIntegralNumber());
        refuseIf(!whole || !text(claims, "jti").matches("[0-9a-f]{32}"), "bad claims");
        refuseIf(!text(claims, "ags").matches("[0-9]{8}"), "bad claims");
        refuseIf(claims.has("sub") && !text(claims, "sub").matches("[\\w-]{22}"), "bad claims");
        long nbf = claims.get("nbf").asLong(), exp = claims.get("exp").asLong();
        long seats = claims.get("seats").asLong();
        refuseIf(exp <= claims.get("iat").asLong() || seats < 1 || seats > 4, "bad claims");
        refuseIf(!text(claims, "iss").equals(issuer), "another issuer");
        refuseIf(!text(claims, "aud").equals(audience), "another campaign");
        refuseIf(nbf > now + 5 || now >= exp + 5, "not valid now");
        return claims;
    }

    private static String text(JsonNode object, String name) {
        return object.path(name).isTextual() ? object.path(name).textValue() : "";
    }

    private static void refuseIf(boolean wrong, String why) {
        if (wrong) throw new SecurityException(why);
    }
}
