package ferraris.peers;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonPrimitive;
import gurux.dlms.GXDLMSException;
import gurux.dlms.GXReplyData;
import gurux.dlms.ValueEventArgs;
import gurux.dlms.objects.GXDLMSImageActivateInfo;
import gurux.dlms.objects.GXDLMSImageTransfer;
import gurux.dlms.objects.enums.ImageTransferStatus;
import gurux.dlms.secure.GXDLMSSecureClient;
import java.io.ByteArrayOutputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Image transfer with Gurux: a client that brings an image into a meter, and a meter's object that takes one. */
final class GuruxImage {
    private static final String LOGICAL_NAME = "0.0.44.0.0.255";
    private static final int CLASS_ID = 18;
    private static final int BLOCK_SIZE = 2;
    private static final int STATUS = 6;
    private static final int TEMPORARY_FAILURE = 2;

    private final Map<Long, byte[]> blocks = new TreeMap<>();

    /** The meter's object. Its library keeps the count of blocks; what is in them comes by here. */
    static GXDLMSImageTransfer object(int blockSize) {
        GXDLMSImageTransfer object = new GXDLMSImageTransfer(LOGICAL_NAME);
        object.setImageBlockSize(blockSize);
        object.setImageTransferEnabled(true);
        object.setImageTransferStatus(ImageTransferStatus.IMAGE_TRANSFER_NOT_INITIATED);
        object.setImageActivateInfo(new GXDLMSImageActivateInfo[0]);
        return object;
    }

    /** Before one of the meter's methods is carried out. What is verified is told by its digest, as the image's signature. */
    void act(GXDLMSImageTransfer object, ValueEventArgs action) throws Exception {
        switch (action.getIndex()) {
            case 1 -> blocks.clear();
            case 2 -> {
                List<?> block = (List<?>) action.getParameters();
                blocks.put(((Number) block.get(0)).longValue(), (byte[]) block.get(1));
            }
            case 3 -> {
                ByteArrayOutputStream image = new ByteArrayOutputStream();
                for (byte[] block : blocks.values()) {
                    image.write(block);
                }
                GXDLMSImageActivateInfo[] infos = object.getImageActivateInfo();
                GXDLMSImageActivateInfo last = infos[infos.length - 1];
                last.setSignature(MessageDigest.getInstance("SHA-256").digest(image.toByteArray()));
                boolean whole = image.size() == last.getSize();
                object.setImageTransferStatus(whole ? ImageTransferStatus.IMAGE_VERIFICATION_SUCCESSFUL
                        : ImageTransferStatus.IMAGE_VERIFICATION_FAILED);
            }
            default -> object.setImageTransferStatus(ImageTransferStatus.IMAGE_ACTIVATION_SUCCESSFUL);
        }
    }

    /** One step of a client: "send" an image, "verify" or "activate" it; the status of the transfer after it. */
    static JsonElement perform(GuruxClient association, GXDLMSSecureClient client, JsonArray operation) throws Exception {
        GXDLMSImageTransfer object = new GXDLMSImageTransfer(LOGICAL_NAME);
        switch (operation.get(1).getAsString()) {
            case "send" -> {
                byte[] image = HexFormat.of().parseHex(operation.get(3).getAsString());
                object.setImageBlockSize(((Number) association.get(CLASS_ID, LOGICAL_NAME, BLOCK_SIZE)).longValue());
                byte[] identifier = HexFormat.of().parseHex(operation.get(2).getAsString());
                association.exchange(object.imageTransferInitiate(client, identifier, image.length), new GXReplyData());
                association.exchange(object.imageBlockTransfer(client, image, new int[1]), new GXReplyData());
            }
            case "verify" -> invoke(association, object.imageVerify(client));
            default -> invoke(association, object.imageActivate(client));
        }
        return new JsonPrimitive((Number) association.get(CLASS_ID, LOGICAL_NAME, STATUS));
    }

    /** A meter that needs time answers with a temporary failure. */
    private static void invoke(GuruxClient association, byte[][] request) throws Exception {
        try {
            association.exchange(request, new GXReplyData());
        } catch (GXDLMSException refused) {
            if (refused.getErrorCode() != TEMPORARY_FAILURE) {
                throw refused;
            }
        }
    }
}
