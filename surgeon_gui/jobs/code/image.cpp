
struct Image {
    int width = 0;
    int height = 0;
    std::vector<std::uint8_t> rgb;
};

// Reads a binary PPM (P6), which every image program writes.
Image readPpm(std::string const &path) {
    std::ifstream stream(path, std::ios::binary);
    std::string magic;
    int depth = 0;
    Image image;
    auto const skipComments = [&] {
        while ((stream >> std::ws).peek() == '#') {
            stream.ignore(1 << 20, '\n');
        }
    };
    stream >> magic;
    skipComments();
    stream >> image.width;
    skipComments();
    stream >> image.height;
    skipComments();
    stream >> depth;
    require(stream.good() && magic == "P6" && depth == 255 && image.width > 0 && image.height > 0,
            path + " is no PPM image of 8 bits");
    stream.get();
    image.rgb.resize(static_cast<std::size_t>(image.width) * image.height * 3);
    stream.read(reinterpret_cast<char *>(image.rgb.data()),
                static_cast<std::streamsize>(image.rgb.size()));
    require(stream.gcount() == static_cast<std::streamsize>(image.rgb.size()),
            path + " ends too early");
    return image;
}

// Returns one channel of the image at a place between pixels, 0 outside of it.
float sample(Image const &image, float x, float y, int channel) {
    if (x < -0.5F || y < -0.5F || x > image.width - 0.5F || y > image.height - 0.5F) {
        return 0.0F;
    }
    float const cx = std::min(std::max(x, 0.0F), image.width - 1.0F);
    float const cy = std::min(std::max(y, 0.0F), image.height - 1.0F);
    int const left = static_cast<int>(cx);
    int const top = static_cast<int>(cy);
    int const right = std::min(left + 1, image.width - 1);
    int const bottom = std::min(top + 1, image.height - 1);
    auto const at = [&](int column, int line) {
        return static_cast<float>(
            image.rgb[(static_cast<std::size_t>(line) * image.width + column) * 3 + channel]);
    };
    float const dx = cx - left;
    float const dy = cy - top;
    float const upper = at(left, top) + dx * (at(right, top) - at(left, top));
    float const lower = at(left, bottom) + dx * (at(right, bottom) - at(left, bottom));
    return upper + dy * (lower - upper);
}

// Resizes the image, brings its channels and values into the network's form, fills the batch.
void preprocess(Image const &image, Tensor &tensor) {
    require(tensor.type == nvinfer1::DataType::kFLOAT || tensor.type == nvinfer1::DataType::kUINT8,
            "images fill inputs of float32 or uint8");
    float scaleX = static_cast<float>(image.width) / kWidth;
    float scaleY = static_cast<float>(image.height) / kHeight;
    if (kResize == Resize::kFIT) {
        scaleX = scaleY = std::max(scaleX, scaleY);
    } else if (kResize == Resize::kCROP) {
        scaleX = scaleY = std::min(scaleX, scaleY);
    }
    std::size_t const pixels = static_cast<std::size_t>(kHeight) * kWidth;
    std::size_t const width = bytesOf(tensor.type);
    std::size_t const images = tensor.host.size() / (pixels * kChannels * width);
    for (int line = 0; line < kHeight; ++line) {
        for (int column = 0; column < kWidth; ++column) {
            float const x = (column + 0.5F - kWidth / 2.0F) * scaleX + image.width / 2.0F - 0.5F;
            float const y = (line + 0.5F - kHeight / 2.0F) * scaleY + image.height / 2.0F - 0.5F;
            for (int channel = 0; channel < kChannels; ++channel) {
                float value = 0.0F;
                if (kChannels == 1) {
                    value = 0.299F * sample(image, x, y, 0) + 0.587F * sample(image, x, y, 1) +
                            0.114F * sample(image, x, y, 2);
                } else {
                    value = sample(image, x, y, kBgr ? kChannels - 1 - channel : channel);
                }
                value = (value - kMean[channel]) / kStd[channel];
                std::size_t const pixel = static_cast<std::size_t>(line) * kWidth + column;
                std::size_t const at =
                    kNchw ? channel * pixels + pixel : pixel * kChannels + channel;
                for (std::size_t item = 0; item < images; ++item) {
                    std::size_t const offset = item * pixels * kChannels + at;
                    char *const place = tensor.host.data() + offset * width;
                    if (tensor.type == nvinfer1::DataType::kFLOAT) {
                        std::memcpy(place, &value, 4);
                    } else {
                        float const whole = std::min(std::max(value + 0.5F, 0.0F), 255.0F);
                        *reinterpret_cast<std::uint8_t *>(place) = static_cast<std::uint8_t>(whole);
                    }
                }
            }
        }
    }
}
