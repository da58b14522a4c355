"""What the classes of each dataset are called, in the order of its labels."""

from __future__ import annotations


def _names(text: str) -> tuple[str, ...]:
    return tuple(" ".join(name.split()) for name in text.split(";"))


DIGITS = tuple("0123456789")

# Xiao et al. 2017, Table 2
FASHION = _names(
    """
    T-shirt or top; trouser; pullover; dress; coat; sandal; shirt; sneaker; bag; ankle boot
    """
)

# Krizhevsky 2009
CIFAR10 = _names(
    """
    airplane; automobile; bird; cat; deer; dog; frog; horse; ship; truck
    """
)

# Krizhevsky 2009, the fine labels
CIFAR100 = _names(
    """
    apple; aquarium fish; baby; bear; beaver; bed; bee; beetle; bicycle; bottle; bowl; boy; bridge; bus; butterfly;
    camel; can; castle; caterpillar; cattle; chair; chimpanzee; clock; cloud; cockroach; couch; crab; crocodile;
    cup; dinosaur; dolphin; elephant; flatfish; forest; fox; girl; hamster; house; kangaroo; keyboard; lamp; lawn
    mower; leopard; lion; lizard; lobster; man; maple tree; motorcycle; mountain; mouse; mushroom; oak tree; orange;
    orchid; otter; palm tree; pear; pickup truck; pine tree; plain; plate; poppy; porcupine; possum; rabbit;
    raccoon; ray; road; rocket; rose; sea; seal; shark; shrew; skunk; skyscraper; snail; snake; spider; squirrel;
    streetcar; sunflower; sweet pepper; table; tank; telephone; television; tiger; tractor; train; trout; tulip;
    turtle; wardrobe; whale; willow tree; wolf; woman; worm
    """
)

# Nilsback and Zisserman 2008, as torchvision lists them
FLOWERS = _names(
    """
    pink primrose; hard-leaved pocket orchid; canterbury bells; sweet pea; english marigold; tiger lily; moon
    orchid; bird of paradise; monkshood; globe thistle; snapdragon; colt's foot; king protea; spear thistle; yellow
    iris; globe-flower; purple coneflower; peruvian lily; balloon flower; giant white arum lily; fire lily;
    pincushion flower; fritillary; red ginger; grape hyacinth; corn poppy; prince of wales feathers; stemless
    gentian; artichoke; sweet william; carnation; garden phlox; love in the mist; mexican aster; alpine sea holly;
    ruby-lipped cattleya; cape flower; great masterwort; siam tulip; lenten rose; barbeton daisy; daffodil; sword
    lily; poinsettia; bolero deep blue; wallflower; marigold; buttercup; oxeye daisy; common dandelion; petunia;
    wild pansy; primula; sunflower; pelargonium; bishop of llandaff; gaura; geranium; orange dahlia; pink-yellow
    dahlia; cautleya spicata; japanese anemone; black-eyed susan; silverbush; californian poppy; osteospermum;
    spring crocus; bearded iris; windflower; tree poppy; gazania; azalea; water lily; rose; thorn apple; morning
    glory; passion flower; lotus; toad lily; anthurium; frangipani; clematis; hibiscus; columbine; desert-rose; tree
    mallow; magnolia; cyclamen; watercress; canna lily; hippeastrum; bee balm; ball moss; foxglove; bougainvillea;
    camellia; mallow; mexican petunia; bromelia; blanket flower; trumpet creeper; blackberry lily
    """
)

# the 200 WordNet identifiers in sorted order, by the first word of each
TINY_IMAGENET = _names(
    """
    goldfish; European fire salamander; bullfrog; tailed frog; American alligator; boa constrictor; trilobite;
    scorpion; black widow; tarantula; centipede; goose; koala; jellyfish; brain coral; snail; slug; sea slug;
    American lobster; spiny lobster; black stork; king penguin; albatross; dugong; Chihuahua; Yorkshire terrier;
    golden retriever; Labrador retriever; German shepherd; standard poodle; tabby; Persian cat; Egyptian cat;
    cougar; lion; brown bear; ladybug; fly; bee; grasshopper; walking stick; cockroach; mantis; dragonfly; monarch;
    sulphur butterfly; sea cucumber; guinea pig; hog; ox; bison; bighorn; gazelle; Arabian camel; orangutan;
    chimpanzee; baboon; African elephant; lesser panda; abacus; academic gown; altar; apron; backpack; bannister;
    barbershop; barn; barrel; basketball; bathtub; beach wagon; beacon; beaker; beer bottle; bikini; binoculars;
    birdhouse; bow tie; brass; broom; bucket; bullet train; butcher shop; candle; cannon; cardigan; cash machine; CD
    player; chain; chest; Christmas stocking; cliff dwelling; computer keyboard; confectionery; convertible; crane;
    dam; desk; dining table; drumstick; dumbbell; flagpole; fountain; freight car; frying pan; fur coat; gasmask;
    go-kart; gondola; hourglass; iPod; jinrikisha; kimono; lampshade; lawn mower; lifeboat; limousine; magnetic
    compass; maypole; military uniform; miniskirt; moving van; nail; neck brace; obelisk; oboe; organ; parking
    meter; pay-phone; picket fence; pill bottle; plunger; pole; police van; poncho; pop bottle; potter's wheel;
    projectile; punching bag; reel; refrigerator; remote control; rocking chair; rugby ball; sandal; school bus;
    scoreboard; sewing machine; snorkel; sock; sombrero; space heater; spider web; sports car; steel arch bridge;
    stopwatch; sunglasses; suspension bridge; swimming trunks; syringe; teapot; teddy; thatch; torch; tractor;
    triumphal arch; trolleybus; turnstile; umbrella; vestment; viaduct; volleyball; water jug; water tower; wok;
    wooden spoon; comic book; plate; guacamole; ice cream; ice lolly; pretzel; mashed potato; cauliflower; bell
    pepper; mushroom; orange; lemon; banana; pomegranate; meat loaf; pizza; potpie; espresso; alp; cliff; coral
    reef; lakeside; seashore; acorn
    """
)
