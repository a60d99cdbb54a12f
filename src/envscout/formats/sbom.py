"""What is in the images, as `envscout sbom` writes it: one document, or a list of them where there are several."""

from collections.abc import Iterator

from envscout import sbom
from envscout.formats.answer import Answer


def write(answer: Answer) -> Iterator[str]:
    """Yield the document of one image, or a list of documents."""
    images = {each.image_id: each for each in answer.report.images}
    is_list = len(images) != 1
    if is_list:
        yield "["
    for number, (image_id, each) in enumerate(images.items()):
        image, inventory = answer.inventory(image_id)
        text = sbom.write(image, inventory, each.reference, base=each.base).decode().rstrip("\n")
        yield f"{text}," if number < len(images) - 1 else text
    if is_list:
        yield "]"
